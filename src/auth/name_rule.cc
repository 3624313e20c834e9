#include "auth/name_rule.h"

#include "base/utf8.h"

namespace relay {

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max && is_valid_utf8(text) &&
         !has_control_character(text);
}

}  // namespace relay
