#pragma once
// The keys that let a backend publish or an operator administrate (RELAY_API_KEY, RELAY_ADMIN_KEY).
//
// A list is comma-separated; white space around an entry does not count. An entry is a key of at least 16
// bytes, or `sha256:` and the 64 hex digits of a key's digest, so that the settings need not hold the key.
//
// Threading: immutable.

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/hmac.h"

namespace relay {

inline constexpr std::size_t api_key_bytes_min = 16;

class ApiKeys {
 public:
  // The error says which entry is wrong and why, by its number, and never what it is.
  [[nodiscard]] static std::expected<ApiKeys, std::string> parse(std::string_view comma_separated);

  // The number of the entry, from 0, that `presented` fits. Takes the same time for every key of one length,
  // whether and where it fits.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view presented) const;

  [[nodiscard]] std::size_t count() const noexcept { return digests_.size(); }

  // The first entry that is a key itself: for a command that has to present one.
  [[nodiscard]] const std::optional<std::string>& first_plain() const noexcept { return first_plain_; }

 private:
  ApiKeys() = default;

  std::vector<Digest> digests_;
  std::optional<std::string> first_plain_;
};

}  // namespace relay
