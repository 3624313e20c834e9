#include "redis/redis_url.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

using enum RedisUrl::Kind;
using Endpoints = std::vector<RedisEndpoint>;

TEST(RedisUrl, ReadsWhatItDocuments) {
  struct Case {
    std::string_view text;
    RedisUrl url;
  };
  const Case cases[] = {
      {"redis://h", {.endpoints = {{"h", 6379}}}},
      {"redis://127.0.0.1:6380/", {.endpoints = {{"127.0.0.1", 6380}}}},
      {"redis://h/15", {.endpoints = {{"h", 6379}}, .database = 15}},
      {"redis://[::1]", {.endpoints = {{"::1", 6379}}}},
      {"redis://[2001:db8::1]:1/2", {.endpoints = {{"2001:db8::1", 1}}, .database = 2}},
      {"redis://:p@h", {.endpoints = {{"h", 6379}}, .password = "p"}},
      {"redis://u@h", {.endpoints = {{"h", 6379}}, .user = "u"}},
      {"redis://@h", {.endpoints = {{"h", 6379}}}},
      {"redis://u:p@ss:w@h", {.endpoints = {{"h", 6379}}, .user = "u", .password = "p@ss:w"}},
      {"redis://%75:a%2Fb%00@h",
       {.endpoints = {{"h", 6379}}, .user = "u", .password = std::string("a/b\0", 4)}},
      {"rediss://redis.example", {.tls = true, .endpoints = {{"redis.example", 6379}}}},
      {"redis+sentinel://a/main", {.kind = sentinel, .endpoints = {{"a", 26379}}, .service = "main"}},
      {"redis+sentinel://u:p@a:1,[::1],c/my%20master/3",
       {.kind = sentinel,
        .endpoints = {{"a", 1}, {"::1", 26379}, {"c", 26379}},
        .user = "u",
        .password = "p",
        .service = "my master",
        .database = 3}},
  };
  for (const auto& [text, url] : cases) EXPECT_EQ(RedisUrl::parse(text), url) << text;
}

TEST(RedisUrl, RefusesTheRestAndNeverRepeatsIt) {
  for (const std::string_view bad : {"",
                                     "h",
                                     "redis:",
                                     "redis://",
                                     "redis:///0",
                                     "http://u:hunter2@h",
                                     "redis+cluster://u:hunter2@h",
                                     "redis://u:hunter2@",
                                     "redis://u:hunter2@h:0",
                                     "redis://u:hunter2@h:65536",
                                     "redis://u:hunter2@h:",
                                     "redis://u:hunter2@h:1x",
                                     "redis://u:hunter2@h:1:2",
                                     "redis://u:hunter2@h h",
                                     "redis://u:hunter2\n@h",
                                     "redis://u:hunter2/x@h",
                                     "redis://u:hunter2%@h",
                                     "redis://u:hunter2%4@h",
                                     "redis://u:hunter2@::1",
                                     "redis://u:hunter2@[::1",
                                     "redis://u:hunter2@[h]",
                                     "redis://u:hunter2@[127.0.0.1]",
                                     "redis://u:hunter2@[::1]x",
                                     "redis://u:hunter2@a,b",
                                     "redis://u:hunter2@a,",
                                     "redis://u:hunter2@h/x",
                                     "redis://u:hunter2@h/-1",
                                     "redis://u:hunter2@h/2147483648",
                                     "redis://u:hunter2@h/0/1",
                                     "redis://u:hunter2@h?db=1",
                                     "redis://u:hunter2@h/0#x",
                                     "redis+sentinel://u:hunter2@a",
                                     "redis+sentinel://u:hunter2@a/",
                                     "redis+sentinel://u:hunter2@a//1",
                                     "redis+sentinel://u:hunter2@a,/main",
                                     "redis+sentinel://u:hunter2@,a/main",
                                     "redis+sentinel://u:hunter2@a,,b/main",
                                     "redis+sentinel://u:hunter2@a/main/x"}) {
    const auto url = RedisUrl::parse(bad);
    ASSERT_FALSE(url.has_value()) << bad;
    EXPECT_TRUE(url.error().starts_with("needs ")) << url.error();
    EXPECT_FALSE(url.error().contains("hunter2")) << bad;
  }
}

TEST(RedisUrl, BoundsTheSentinels) {
  std::string text = "redis+sentinel://a";
  for (std::size_t i = 1; i < RedisUrl::sentinels_max; ++i) text += ",a";

  EXPECT_TRUE(RedisUrl::parse(text + "/main").has_value());
  EXPECT_FALSE(RedisUrl::parse(text + ",a/main").has_value());
}

TEST(RedisUrl, WritesEndpoints) {
  EXPECT_EQ((RedisEndpoint{"h", 1}).to_string(), "h:1");
  EXPECT_EQ((RedisEndpoint{"::1", 6379}).to_string(), "[::1]:6379");
}

}  // namespace
}  // namespace relay
