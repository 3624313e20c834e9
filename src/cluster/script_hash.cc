#include "cluster/script_hash.h"

#include <array>

#include <openssl/evp.h>

#include "base/check.h"

namespace relay {

std::string script_hash(std::string_view script) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_bytes = 0;
  RELAY_CHECK(EVP_Digest(script.data(), script.size(), digest.data(), &digest_bytes, EVP_sha1(), nullptr) ==
              1);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hash;
  hash.reserve(std::size_t{2} * digest_bytes);
  for (unsigned int at = 0; at < digest_bytes; ++at) {
    hash += digits[digest.at(at) >> 4U];
    hash += digits[digest.at(at) & 15U];
  }
  return hash;
}

}  // namespace relay
