#include "redis/greeting_failure.h"

#include <algorithm>
#include <string_view>

namespace relay {
namespace {

constexpr std::size_t text_bytes_max = 200;

std::string shown(const RedisReply& reply) {
  std::string text = reply.text.substr(0, text_bytes_max);
  std::ranges::replace_if(
      text, [](char c) { return c < 0x20 || c >= 0x7F; }, '?');
  return text;
}

}  // namespace

std::string auth_failure(const RedisReply& reply) {
  const std::string_view code = reply.error_code();
  // The last is how servers before Redis 6 say it.
  if (code == "WRONGPASS" || reply.text == "ERR invalid password") return "refused the user or the password";
  if (reply.text.contains("without any password") || reply.text.contains("no password is set")) {
    return "has no password, but one was given";
  }
  return "refused AUTH";
}

std::string select_failure(const RedisReply& reply, std::uint32_t database) {
  return "refused database " + std::to_string(database) + ": " + shown(reply);
}

std::string ping_failure(const RedisReply& reply) {
  if (reply.error_code() == "NOAUTH") return "wants a password, and none was given";
  return "is not ready: " + shown(reply);
}

}  // namespace relay
