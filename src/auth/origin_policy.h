#pragma once
// Which origins (RFC 6454) a browser may connect from: ALLOWED_ORIGINS.
//
// A comma-separated list; white space around an entry does not count. An entry is
//   *                            any origin, also one that is not understood
//   scheme://host[:port]         exactly this one
//   scheme://*.host[:port]       every host with one or more labels before `.host`
// Scheme and host are compared without case, the port exactly, where http, ws and https, wss have 80 and 443
// by default. `null`, the origin of sandboxed frames and files, is let in by `*` alone.
//
// Threading: immutable.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

class OriginPolicy {
 public:
  // The error names the first wrong entry and says what it needs.
  [[nodiscard]] static std::expected<OriginPolicy, std::string> parse(std::string_view list);

  [[nodiscard]] bool allows_any() const noexcept { return allows_any_; }

  // `origin` is the header's value. Does not allocate.
  [[nodiscard]] bool allows(std::string_view origin) const noexcept;

 private:
  struct Entry {
    std::string scheme;      // in lower case
    std::string host;        // in lower case; with its first dot when `any_subdomain`
    std::uint16_t port = 0;  // 0 = none given, and the scheme has no default
    bool any_subdomain = false;
  };

  OriginPolicy() = default;

  std::vector<Entry> entries_;
  bool allows_any_ = false;
};

}  // namespace relay
