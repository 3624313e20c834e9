// What the parser accepts can be written down again, and then means the same; what it refuses it does not
// repeat.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "redis/redis_url.h"

namespace {

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

std::string write(const relay::RedisUrl& url) {
  const bool is_sentinel = url.kind == relay::RedisUrl::Kind::sentinel;
  std::string out = is_sentinel ? "redis+sentinel://" : url.tls ? "rediss://" : "redis://";
  append_escaped(out, url.user);
  out += ':';
  append_escaped(out, url.password);
  out += '@';
  for (const relay::RedisEndpoint& endpoint : url.endpoints) out += endpoint.to_string() + ',';
  out.back() = '/';
  if (is_sentinel) {
    append_escaped(out, url.service);
    out += '/';
  }
  return out + std::to_string(url.database);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = relay::RedisUrl::parse(text);
  if (!url) {
    if (!url.error().starts_with("needs ") || url.error().size() > 200) std::abort();
    return 0;
  }
  if (relay::RedisUrl::parse(write(*url)) != url) std::abort();
  return 0;
}
