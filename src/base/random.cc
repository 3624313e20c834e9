#include "base/random.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <sys/random.h>

#include "base/check.h"

namespace relay {
namespace {

// One getrandom call costs as much as a send; ids are drawn 24 bytes at a time, thousands a second.
constexpr std::size_t pool_bytes = 1024;

struct RandomPool {
  std::array<std::byte, pool_bytes> bytes;
  std::size_t used = pool_bytes;
};

void fill_from_kernel(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    RELAY_CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace

void fill_random(std::span<std::byte> out) {
  thread_local RandomPool pool;
  if (out.size() > pool_bytes) return fill_from_kernel(out);
  if (pool_bytes - pool.used < out.size()) {
    fill_from_kernel(pool.bytes);
    pool.used = 0;
  }
  std::memcpy(out.data(), pool.bytes.data() + pool.used, out.size());
  // What was handed out must not lie in memory twice.
  std::memset(pool.bytes.data() + pool.used, 0, out.size());
  pool.used += out.size();
}

void random_token(std::span<char> out) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  fill_random(std::as_writable_bytes(out));
  for (char& c : out) c = alphabet[static_cast<unsigned char>(c) & 63U];
}

std::string random_token(std::size_t length) {
  std::string token(length, '\0');
  random_token(std::span<char>(token));
  return token;
}

double random_fraction() {
  std::uint32_t bits = 0;
  fill_random(std::as_writable_bytes(std::span(&bits, 1)));
  return static_cast<double>(bits) / 4294967296.0;
}

}  // namespace relay
