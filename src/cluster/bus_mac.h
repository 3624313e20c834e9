#pragma once
// Proof that a message comes from a node that knows CLUSTER_SECRET: an HMAC-SHA-256 (RFC 2104), cut to 128
// bits, under a key that serves nothing else.
//
// What is signed are parts, each with its length before it, so that no two lists of parts are signed alike:
// the format's word, the channel or stream, and all of the message, which names its sender and number.
//
// Threading: immutable, any thread.

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/hmac.h"

namespace relay {

class BusMac {
 public:
  static constexpr std::size_t bytes_count = 16;
  using Mac = std::array<char, bytes_count>;
  using Parts = std::span<const std::string_view>;

  // Signs with the one, and accepts what was signed with any, so that the secret can be changed in two
  // rounds.
  explicit BusMac(std::string_view cluster_secret, std::span<const std::string> also_accepted = {});

  [[nodiscard]] Mac sign(Parts parts) const;

  // `mac` is what was received, of any length.
  [[nodiscard]] bool verify(Parts parts, std::string_view mac) const;

 private:
  std::vector<HmacKey> keys_;  // the first one signs
};

}  // namespace relay
