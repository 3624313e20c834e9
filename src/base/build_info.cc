#include "base/build_info.h"

// Written by write_build_info.cmake into the build folder.
#include "base/build_info_values.h"

namespace relay {

std::string_view version() noexcept {
  return RELAY_BUILD_VERSION;
}

std::string_view commit() noexcept {
  return RELAY_BUILD_COMMIT;
}

std::string_view compiler() noexcept {
#ifdef __clang__
  return __VERSION__;  // names clang itself
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace relay
