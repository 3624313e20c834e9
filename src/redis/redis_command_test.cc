#include "redis/redis_command.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

std::string encoded(const RedisCommand& command) {
  std::string out;
  command.append_to(out);
  EXPECT_EQ(out.size(), command.encoded_bytes());
  return out;
}

TEST(RedisCommand, IsAnArrayOfBulkStrings) {
  EXPECT_EQ(encoded({"PING"}), "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(encoded({"SET", "key", ""}), "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n");
}

TEST(RedisCommand, TakesAnyBytes) {
  const std::string_view bytes("\0\r\n%s$1", 7);

  EXPECT_EQ(encoded({"ECHO", bytes}), "*2\r\n$4\r\nECHO\r\n$7\r\n" + std::string(bytes) + "\r\n");
}

TEST(RedisCommand, GrowsByArgumentsAndNumbers) {
  RedisCommand command{"XREAD"};
  command.add("COUNT").add(100).add(-1LL);

  EXPECT_EQ(command.arguments_count(), 4U);
  EXPECT_EQ(encoded(command), "*4\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$3\r\n100\r\n$2\r\n-1\r\n");
}

TEST(RedisCommand, IsAppendedBehindWhatIsThere) {
  std::string out;
  RedisCommand{"A"}.append_to(out);
  RedisCommand{"B"}.append_to(out);

  EXPECT_EQ(out, "*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n");
}

}  // namespace
}  // namespace relay
