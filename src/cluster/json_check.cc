#include "cluster/json_check.h"

#include <string>

#include "base/utf8.h"
#include "cluster/bus_event.h"
#include "protocol/json_scanner.h"

namespace relay {

std::expected<void, RejectReason> check_json(std::string_view text, unsigned depth_max) {
  if (validate_json(text, depth_max)) return {};
  const bool is_only_deep = validate_json(text, json_depth_limit).has_value();
  return std::unexpected(is_only_deep ? RejectReason::too_large : RejectReason::malformed);
}

std::expected<void, RejectReason> check_arguments(std::string_view arguments_json) {
  if (arguments_json.empty()) return {};
  if (!is_valid_utf8(arguments_json)) return std::unexpected(RejectReason::malformed);
  // Behind a value, as behind the name: so that neither ` ` nor `1],[2` passes.
  std::string array = "[0,";
  array += arguments_json;
  array += ']';
  return check_json(array, bus_arguments_depth_max);
}

}  // namespace relay
