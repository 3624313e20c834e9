#include "auth/strict_json.h"

#include <string>
#include <unordered_set>

#include <nlohmann/json.hpp>

namespace relay {

using nlohmann::json;

std::optional<json> parse_strict_object(std::string_view text) {
  std::unordered_set<std::string> keys;
  bool good = true;
  // Called with the number of containers that are open around the event, a container's own begin excepted.
  const auto judge = [&](int depth, json::parse_event_t event, json& parsed) {
    const bool begins =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (begins && depth >= strict_json_depth_max) good = false;
    if (event == json::parse_event_t::key && depth == 1) {
      good = keys.insert(parsed.get_ref<const std::string&>()).second && good;
    }
    // What is dropped costs no memory; the rest of a text that is refused is only passed over.
    return good;
  };
  json object = json::parse(text, judge, false);
  if (!good || !object.is_object()) return std::nullopt;
  return object;
}

}  // namespace relay
