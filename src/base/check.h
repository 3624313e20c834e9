#pragma once
// RELAY_CHECK states what our own reasoning guarantees. When it is false the process stops, with the
// condition and the place on stderr: going on would act on a state that nobody thought of. Nothing that a
// client, a publisher, an operator or the kernel can cause may be checked this way; that is what
// std::expected is for.
//
// RELAY_DCHECK is the same in debug and sanitizer builds and nothing in release builds.

#include <source_location>

namespace relay {

[[noreturn]] void check_failed(const char* condition,
                               std::source_location where = std::source_location::current());

}  // namespace relay

#define RELAY_CHECK(condition) ((condition) ? void() : ::relay::check_failed(#condition))

#ifdef NDEBUG
#define RELAY_DCHECK(condition) (true ? void() : static_cast<void>(condition))
#else
#define RELAY_DCHECK(condition) RELAY_CHECK(condition)
#endif
