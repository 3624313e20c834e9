#pragma once
// JSON texts by appending, spelled as JSON.stringify spells them. Threading: any.

#include <cstdint>
#include <string>
#include <string_view>

namespace relay {

// `text`, valid UTF-8, in quotes: escapes only what must be (\" \\ and the controls below U+0020).
void append_json_string(std::string& out, std::string_view text);

void append_json_number(std::string& out, std::int64_t number);

}  // namespace relay
