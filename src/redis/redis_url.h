#pragma once
// Where Redis is and how to enter it, as REDIS_URL says it:
//
//   redis://[user[:password]@]host[:port][/db]           one server
//   rediss://...                                         the same behind TLS
//   redis+sentinel://[user[:password]@]host[:port],host[:port].../service[/db]
//
// User, password and service are percent-decoded; an IPv6 address stands in brackets. A password without a
// user is `:password@`. Sentinels' URLs hold the user and the password of the servers that they watch.
//
// Threading: a value of its owner. It holds a password: never log it whole.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

struct RedisEndpoint {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;

  // `host:port`, an IPv6 address in brackets.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const RedisEndpoint&, const RedisEndpoint&) = default;
};

struct RedisUrl {
  enum class Kind : std::uint8_t { server, sentinel };
  static constexpr std::uint16_t server_port = 6379;
  static constexpr std::uint16_t sentinel_port = 26379;
  static constexpr std::size_t sentinels_max = 32;

  Kind kind = Kind::server;
  bool tls = false;
  std::vector<RedisEndpoint> endpoints = {};  // one server, or the sentinels
  std::string user = {};
  std::string password = {};
  std::string service = {};  // sentinel only: the name of the master
  std::uint32_t database = 0;

  // The error goes behind the setting's name (`needs ...`) and repeats nothing of `text`.
  [[nodiscard]] static std::expected<RedisUrl, std::string> parse(std::string_view text);

  friend bool operator==(const RedisUrl&, const RedisUrl&) = default;
};

}  // namespace relay
