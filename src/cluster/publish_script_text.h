#pragma once
// The Lua of PublishScript, for Redis 5 and later and for Valkey. Only PublishScript knows its arguments.
//
// Threading: immutable, any thread.

#include <string_view>

namespace relay {

extern const std::string_view publish_script_text;

}  // namespace relay
