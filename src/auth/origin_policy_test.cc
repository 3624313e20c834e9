#include "auth/origin_policy.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

struct Case {
  std::string_view list;
  std::string_view origin;
  bool is_allowed;
};

TEST(OriginPolicy, AllowsWhatTheListSays) {
  constexpr std::string_view list = "https://app.example, https://*.atlassian.net";
  for (const Case& c : {
           Case{list, "https://app.example", true},
           Case{list, "https://a.atlassian.net", true},
           Case{list, "https://a.b.atlassian.net", true},
           Case{list, "https://atlassian.net", false},
           Case{list, "https://.atlassian.net", false},
           Case{list, "https://evilatlassian.net", false},
           Case{list, "https://a.atlassian.net.evil.example", false},
           Case{list, "https://evil.example/.atlassian.net", false},
           Case{list, "https://evil.example#.atlassian.net", false},
           Case{list, "https://evil.example:1/.atlassian.net", false},
           Case{list, "https://user@a.atlassian.net", false},
           Case{list, "https://a..atlassian.net", false},
           Case{list, "https://*.atlassian.net", false},
           Case{list, "http://a.atlassian.net", false},
           Case{list, "https://app.example.evil.example", false},
           Case{list, "https://other.example", false},
           Case{list, "https://a.atlassian.net:8443", false},
           Case{list, "https://a.atlassian.net:443", true},
           Case{list, "HTTPS://APP.Example", true},
           Case{list, "https://app.example/", false},
           Case{list, "https://app.example:", false},
           Case{list, "https://app.example:0", false},
           Case{list, "https://app.example:65979", false},  // 443 in 16 bits
           Case{list, "https:/app.example", false},
           Case{list, "app.example", false},
           Case{list, "https://", false},
           Case{list, "null", false},
           Case{list, "", false},
           Case{"https://App.Example:443", "https://app.example", true},
           Case{"http://localhost:3000", "http://localhost:3000", true},
           Case{"http://localhost:3000", "http://localhost", false},
           Case{"http://localhost", "http://localhost:80", true},
           Case{"http://localhost", "https://localhost:80", false},
           Case{"http://[::1]:3000", "http://[::1]:3000", true},
           Case{"http://[::1]", "http://[::1]:80", true},
           Case{"http://[::1]", "http://[::2]", false},
           Case{"capacitor://localhost", "capacitor://localhost", true},
           Case{"capacitor://localhost", "capacitor://localhost:80", false},
           Case{"https://*.x.net:8443", "https://a.x.net:8443", true},
           Case{"https://*.x.net:8443", "https://a.x.net", false},
       }) {
    const auto policy = OriginPolicy::parse(c.list);
    ASSERT_TRUE(policy) << c.list;
    EXPECT_FALSE(policy->allows_any());
    EXPECT_EQ(policy->allows(c.origin), c.is_allowed) << c.list << " of " << c.origin;
  }
}

TEST(OriginPolicy, AStarAllowsAny) {
  for (const std::string_view list : {"*", " * ", "https://app.example,*"}) {
    const auto policy = OriginPolicy::parse(list);
    ASSERT_TRUE(policy) << list;
    EXPECT_TRUE(policy->allows_any());
    for (const std::string_view origin : {"https://anything.example", "null", "", "\xff"}) {
      EXPECT_TRUE(policy->allows(origin)) << origin;
    }
  }
}

TEST(OriginPolicy, NamesAWrongEntry) {
  for (const std::string_view entry : {"",
                                       "app.example",
                                       "https://",
                                       "https://app.example/",
                                       "https://app.example/path",
                                       "https://*",
                                       "https://*.",
                                       "https://a.*.example",
                                       "https://**.example",
                                       "*.example",
                                       "*://app.example",
                                       "https://a b",
                                       "https://é.example",
                                       "https://app.example:port",
                                       "https://app.example:",
                                       "https://app.example:99999",
                                       "null",
                                       "https://*.[::1]",
                                       "https://user@app.example",
                                       "https://[::1",
                                       "1https://app.example",
                                       "https://a..b",
                                       "https://[]"}) {
    const auto policy = OriginPolicy::parse("https://good.example," + std::string(entry));
    ASSERT_FALSE(policy) << entry;
    EXPECT_TRUE(policy.error().starts_with("\"" + std::string(entry) + "\" must be ")) << policy.error();
  }
}

}  // namespace
}  // namespace relay
