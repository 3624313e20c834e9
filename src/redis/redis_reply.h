#pragma once
// An answer of Redis as a value (RESP2, https://redis.io/docs/reference/protocol-spec/).
//
// Threading: a value of its owner.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

struct RedisReply {
  enum class Kind : std::uint8_t {
    nil,
    integer,
    status,  // `OK`
    error,   // `WRONGTYPE Operation against ...`
    bulk,    // any bytes
    array,
    lost,  // not of the wire: the connection ended first, and nobody knows whether the command was done
  };

  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text = {};  // of a status, an error, a bulk
  std::vector<RedisReply> elements = {};

  [[nodiscard]] bool is_error() const noexcept { return kind == Kind::error; }
  [[nodiscard]] bool is_lost() const noexcept { return kind == Kind::lost; }
  // An answer that is no error.
  [[nodiscard]] bool is_ok() const noexcept { return !is_error() && !is_lost(); }
  // The first word of an error, `WRONGTYPE`; empty for everything else.
  [[nodiscard]] std::string_view error_code() const noexcept {
    return is_error() ? std::string_view(text).substr(0, text.find(' ')) : std::string_view();
  }

  friend bool operator==(const RedisReply&, const RedisReply&) = default;
};

}  // namespace relay
