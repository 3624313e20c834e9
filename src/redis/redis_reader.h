#pragma once
// Bytes of Redis to replies: the reader of hiredis with bounds around it. Whatever the bytes are, and however
// they are cut, it holds at most one feed's worth of unread bytes and one unfinished reply, each within its
// limit.
//
//   while (!bytes.empty()) {
//     bytes.remove_prefix(reader.feed(bytes));
//     next() until it has none
//   }
//
// Threading: bound to one thread.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>

#include "redis/redis_reply.h"

namespace relay {

struct RedisReaderLimits {
  static constexpr std::size_t nesting_possible = 7;  // hiredis knows no deeper arrays

  std::size_t bulk_bytes_max = 32 * 1024 * 1024;
  std::size_t line_bytes_max = 64 * 1024;             // a status, an error
  std::size_t elements_max = 1024 * 1024;             // of one reply, those of nested arrays too
  std::size_t reply_bytes_max = 64 * 1024 * 1024;     // all texts of one reply
  std::size_t nesting_max = nesting_possible;         // arrays in arrays: 1 is a flat one
  std::size_t unparsed_bytes_max = 33 * 1024 * 1024;  // more than the longest bulk and the longest line
};

enum class RedisReadError : std::uint8_t { malformed, too_large, too_deep };

// A few words: "sent what is no Redis reply".
[[nodiscard]] std::string_view describe(RedisReadError error) noexcept;

class RedisReader {
 public:
  // Room that unparsed_bytes_max must leave beside the longest bulk or line.
  static constexpr std::size_t framing_bytes = 64;

  explicit RedisReader(const RedisReaderLimits& limits);
  ~RedisReader();
  RedisReader(const RedisReader&) = delete;
  RedisReader& operator=(const RedisReader&) = delete;

  // Copies bytes from the front of `bytes` and returns how many: fewer than all when the limit is reached,
  // and then next() makes room. After an error it takes and drops everything.
  [[nodiscard]] std::size_t feed(std::string_view bytes);

  // The next whole reply, or none yet. A length that is announced and too large is an error at once, not
  // when its bytes have come. After an error there is only that error.
  [[nodiscard]] std::expected<std::optional<RedisReply>, RedisReadError> next();

  [[nodiscard]] std::size_t unparsed_bytes() const noexcept;

 private:
  struct State;

  const std::unique_ptr<State> state_;
};

}  // namespace relay
