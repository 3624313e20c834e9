#include "cluster/bus_mac.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace relay {
namespace {

constexpr std::string_view key_purpose = "socket-relay bus 1";

void append_length(std::string& out, std::size_t length) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    out += static_cast<char>(static_cast<unsigned char>(std::uint64_t{length} >> shift & 0xFFU));
  }
}

std::string join(BusMac::Parts parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += sizeof(std::uint64_t) + part.size();
  std::string joined;
  joined.reserve(size);
  for (const std::string_view part : parts) {
    append_length(joined, part.size());
    joined += part;
  }
  return joined;
}

}  // namespace

BusMac::BusMac(std::string_view cluster_secret, std::span<const std::string> also_accepted) {
  keys_.emplace_back(bytes_of(derive_key(cluster_secret, key_purpose)));
  for (const std::string& secret : also_accepted) {
    keys_.emplace_back(bytes_of(derive_key(secret, key_purpose)));
  }
}

BusMac::Mac BusMac::sign(Parts parts) const {
  const Digest digest = keys_.front().sign(join(parts));
  Mac mac;
  std::copy_n(bytes_of(digest).begin(), mac.size(), mac.begin());
  return mac;
}

bool BusMac::verify(Parts parts, std::string_view mac) const {
  const std::string joined = join(parts);
  return std::ranges::any_of(keys_, [&](const HmacKey& key) {
    const Digest digest = key.sign(joined);
    return equal_in_constant_time(bytes_of(digest).substr(0, bytes_count), mac);
  });
}

}  // namespace relay
