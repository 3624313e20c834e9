#include "app/setting_parsers.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

const std::string secret_32(32, 's');

TEST(SettingParsers, ReadRates) {
  EXPECT_EQ(parse_rate("500/s").value(), (Rate{500, 5000}));
  EXPECT_EQ(parse_rate("300/m").value(), (Rate{5, 3000}));
  EXPECT_EQ(parse_rate("100/s:7").value(), (Rate{100, 7}));
  EXPECT_EQ(parse_rate("0").value(), std::nullopt);
  for (const std::string_view bad :
       {"", "5", "5/", "/s", "5/h", "100/x", "0/s", "-1/s", "1.5/s", "5/s:", "5/s:0", "5/s:x", "5/s:1:2",
        "5:1/s", "5 /s", "99999999999/s", "99999999999999999999999/s", "0:5"}) {
    EXPECT_FALSE(parse_rate(bad).has_value()) << bad;
  }
}

TEST(SettingParsers, SayTheRangeOfANumberAndWhatWasGiven) {
  EXPECT_EQ(parse_whole_number("7", 0, 9), 7U);
  for (const std::string_view bad :
       {"", "abc", "10", "-1", "+1", " 1", "1 ", "0x1", "1e1", "99999999999999999999"}) {
    const auto number = parse_whole_number(bad, 0, 9);
    ASSERT_FALSE(number.has_value()) << bad;
    EXPECT_EQ(number.error(), "needs a whole number from 0 to 9, not \"" + std::string(bad) + "\"");
  }
}

TEST(SettingParsers, QuoteInOneShortPrintableLine) {
  EXPECT_EQ(in_quotes("a\nb\x1b[0m\xC3\xA9"), "\"a?b?[0m??\"");
  EXPECT_EQ(in_quotes(std::string(61, 'a')), "\"" + std::string(60, 'a') + "...\"");
}

TEST(SettingParsers, ListChoices) {
  EXPECT_EQ(parse_choice<TokenExpiry>("connect"), TokenExpiry::connect);
  EXPECT_EQ(parse_choice<RedisShardedMode>("dynamic-private"), RedisShardedMode::dynamic_private);
  EXPECT_EQ(parse_choice<LogFormat>("xml").error(), "needs one of json, pretty, not \"xml\"");
  EXPECT_FALSE(parse_choice<LogLevel>("INFO").has_value());
}

TEST(SettingParsers, TakeOnlyPathsThatBeginWithASlash) {
  EXPECT_EQ(parse_socket_path("/rt"), "/rt/");
  EXPECT_EQ(parse_socket_path("/a/b/"), "/a/b/");
  EXPECT_EQ(parse_socket_path("/"), "/");
  for (const std::string_view bad : {"rt/", "//", "/a//b", "/a?b", "/a b", "/a#", "/\xC3\xA9"}) {
    EXPECT_FALSE(parse_socket_path(bad).has_value()) << bad;
  }
}

TEST(SettingParsers, TakeHosts) {
  for (const std::string_view good : {"0.0.0.0", "::", "::1", "localhost", "relay.example"}) {
    EXPECT_EQ(parse_host(good), std::string(good));
  }
  EXPECT_EQ(parse_host("[::1]"), "::1");
  for (const std::string_view bad : {"", "a b", "http://x", "1.2.3.4:80", "[a]", "-x"}) {
    EXPECT_FALSE(parse_host(bad).has_value()) << bad;
  }
  EXPECT_TRUE(parse_host_and_port("[::1]:80").has_value());
  EXPECT_TRUE(parse_host_and_port("node-1:4001").has_value());
  for (const std::string_view bad : {"", "a", "a:", ":1", "a:0", "a:65536", "::1:80", "[a]:1"}) {
    EXPECT_FALSE(parse_host_and_port(bad).has_value()) << bad;
  }
}

TEST(SettingParsers, TakeTrustedProxies) {
  for (const std::string_view good : {"private", "1", "10.0.0.0/8, ::1/128", "192.0.2.1"}) {
    EXPECT_TRUE(validate_trust_proxy(good).has_value()) << good;
  }
  for (const std::string_view bad : {"0", "yes", "10.0.0.0/33", "10.0.0.0/8,,x"}) {
    EXPECT_FALSE(validate_trust_proxy(bad).has_value()) << bad;
  }
}

TEST(SettingParsers, TakeEventNamesAndPatterns) {
  EXPECT_EQ(parse_client_events(""), std::vector<std::string>());
  EXPECT_EQ(parse_client_events("*"), (std::vector<std::string>{"*"}));
  EXPECT_EQ(parse_client_events("a, b.*,"), (std::vector<std::string>{"a", "b.*"}));
  for (const std::string_view bad : {"*a", "a*b", "**", "relay:x", "connect", "a\x01", "\xFF"}) {
    EXPECT_FALSE(parse_client_events(bad).has_value()) << bad;
  }
  EXPECT_EQ(parse_emit_as("type").value(), std::nullopt);
  EXPECT_EQ(parse_emit_as("event").value(), "event");
  EXPECT_FALSE(parse_emit_as("disconnect").has_value());
  EXPECT_FALSE(parse_emit_as(std::string(129, 'a')).has_value());
}

TEST(SettingParsers, MeasureSigningSecretsInBytes) {
  EXPECT_EQ(parse_signing_secret(secret_32), Secret(secret_32));
  EXPECT_FALSE(parse_signing_secret(secret_32 + ",").has_value());
  EXPECT_FALSE(parse_signing_secret(secret_32.substr(1)).has_value());
  EXPECT_EQ(parse_previous_signing_secrets(secret_32 + "," + secret_32 + "x")->size(), 2U);
  for (const std::string& bad : {secret_32 + ",", "," + secret_32, secret_32 + ",x"}) {
    EXPECT_FALSE(parse_previous_signing_secrets(bad).has_value());
  }
}

TEST(SettingParsers, TakeApiKeysAndTheirDigests) {
  EXPECT_TRUE(parse_api_keys(std::string(16, 'k')).has_value());
  EXPECT_TRUE(parse_api_keys("sha256:" + std::string(64, 'a') + "," + std::string(16, 'k')).has_value());
  for (const std::string& bad : {std::string(15, 'k'), "sha256:" + std::string(63, 'a'), std::string(",")}) {
    EXPECT_FALSE(parse_api_keys(bad).has_value()) << bad;
  }
}

TEST(SettingParsers, TakeUrlsOfRedis) {
  for (const std::string_view good :
       {"redis://127.0.0.1:6379/0", "rediss://u:p@redis.example", "redis://:p@[::1]:1",
        "redis+sentinel://a:1,b:2/main/0", "redis+cluster://a:1,b:2", "redis://u:p@ss@h"}) {
    EXPECT_TRUE(parse_redis_url(good).has_value()) << good;
  }
  for (const std::string_view bad : {"", "ftp://127.0.0.1/", "redis:", "redis://", "redis:///0",
                                     "redis://h:0", "redis://h:x", "redis://h h"}) {
    EXPECT_FALSE(parse_redis_url(bad).has_value()) << bad;
  }
}

TEST(SettingParsers, TakeWhatWebhooksNeed) {
  EXPECT_TRUE(parse_webhook_url("https://u:p@hooks.example/a?b=c").has_value());
  EXPECT_FALSE(parse_webhook_url("redis://hooks.example/").has_value());
  EXPECT_FALSE(parse_webhook_url("http://a,b/").has_value());
  EXPECT_EQ(
      parse_webhook_secrets("whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=  whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=")->size(),
      2U);
  for (const std::string_view bad : {"secret", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!"}) {
    EXPECT_FALSE(parse_webhook_secrets(bad).has_value()) << bad;
  }
  EXPECT_EQ(parse_webhook_events("room.vacated, room.vacated"), (std::vector<std::string>{"room.vacated"}));
  EXPECT_FALSE(parse_webhook_events("room.burnt").has_value());
}

TEST(SettingParsers, NeverRepeatASecret) {
  const std::string mark = "do-not-print";
  const std::string errors[] = {
      parse_signing_secret(mark).error(),
      parse_previous_signing_secrets(mark).error(),
      parse_api_keys(mark).error(),
      parse_cluster_secret(mark).error(),
      parse_redis_url("x://u:" + mark + "@h").error(),
      parse_webhook_url("x://u:" + mark + "@h").error(),
      parse_webhook_secrets(mark).error(),
  };
  for (const std::string& error : errors) EXPECT_EQ(error.find(mark), std::string::npos) << error;
}

TEST(SettingParsers, MaskUrls) {
  struct Case {
    std::string_view url;
    std::string_view masked;
  };
  const Case cases[] = {
      {"redis://h:1/0", "redis://h:1/0"},
      {"redis://u:p@h:1/0", "redis://u:********@h:1/0"},
      {"redis://:p@h", "redis://:********@h"},
      {"redis://p@h", "redis://********@h"},
      {"redis://u:p@q@h/a@b", "redis://u:********@h/a@b"},
      {"https://h/a?token=x", "https://h/a?********"},
      {"no url", "********"},
  };
  for (const auto& [url, masked] : cases) EXPECT_EQ(mask_url(url), masked);
}

}  // namespace
}  // namespace relay
