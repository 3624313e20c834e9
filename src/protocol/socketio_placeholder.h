#pragma once
// Where an attachment stands in the JSON of a binary packet: {"_placeholder":true,"num":0}. Threading: any.

#include <string_view>

namespace relay::socketio {

// Whether every object in `json` (which a JsonScanner passed) whose `_placeholder` is true has as `num` an
// integer below `attachments`. An attachment may be referred to twice or never. One pass.
[[nodiscard]] bool has_only_valid_placeholders(std::string_view json, unsigned attachments);

}  // namespace relay::socketio
