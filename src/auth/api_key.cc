#include "auth/api_key.h"

#include <fmt/format.h>

#include "auth/list_text.h"

namespace relay {
namespace {

constexpr std::string_view digest_prefix = "sha256:";

std::optional<std::uint8_t> hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<Digest> parse_digest(std::string_view hex) noexcept {
  Digest digest;
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto high = hex_value(hex[2 * i]);
    const auto low = hex_value(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return digest;
}

// The digest of the key that an entry stands for, or what is wrong with the entry.
std::expected<Digest, std::string> read_entry(std::string_view entry) {
  if (entry.empty()) return std::unexpected("is empty");
  if (entry.starts_with(digest_prefix)) {
    const auto digest = parse_digest(entry.substr(digest_prefix.size()));
    if (!digest) return std::unexpected("must have 64 hex digits after sha256:");
    return *digest;
  }
  if (entry.size() < api_key_bytes_min) {
    return std::unexpected(fmt::format("must have at least {} bytes", api_key_bytes_min));
  }
  return sha256(entry);
}

}  // namespace

std::expected<ApiKeys, std::string> ApiKeys::parse(std::string_view comma_separated) {
  ApiKeys keys;
  std::string problem;
  std::size_t number = 0;
  for_each_entry(comma_separated, [&](std::string_view entry) {
    ++number;
    if (!problem.empty()) return;
    const auto digest = read_entry(entry);
    if (!digest) {
      problem = fmt::format("entry {} {}", number, digest.error());
      return;
    }
    keys.digests_.push_back(*digest);
    if (!keys.first_plain_ && !entry.starts_with(digest_prefix)) keys.first_plain_ = entry;
  });
  if (!problem.empty()) return std::unexpected(std::move(problem));
  return keys;
}

std::optional<std::size_t> ApiKeys::find(std::string_view presented) const {
  const Digest digest = sha256(presented);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < digests_.size(); ++i) {
    if (equal_in_constant_time(bytes_of(digest), bytes_of(digests_[i]))) found = i;
  }
  return found;
}

}  // namespace relay
