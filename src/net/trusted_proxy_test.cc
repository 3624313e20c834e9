#include "net/trusted_proxy.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(IpAddress());
}

TEST(IpAddress, PrintsWhatItParsed) {
  for (const char* text : {"192.0.2.1", "2001:db8::1", "::1", "127.0.0.1"}) {
    EXPECT_EQ(address(text).to_string(), text);
  }
  EXPECT_EQ(address("::ffff:192.0.2.1").to_string(), "192.0.2.1");
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "localhost", "1.2.3.4:80", "[::1]", "fe80::1%eth0"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(TrustedProxies, NobodyIsBelievedByDefault) {
  EXPECT_FALSE(TrustedProxies().trusts(address("127.0.0.1")));
  EXPECT_EQ(TrustedProxies().client_address(address("10.0.0.1"), "", "198.51.100.7"), address("10.0.0.1"));
}

struct Case {
  const char* trust;
  const char* peer;
  const char* forwarded;
  const char* x_forwarded_for;
  const char* client;
};

TEST(TrustedProxies, TheClientIsTheFirstFromTheEndThatIsNotTrusted) {
  const Case cases[] = {
      {"private", "10.0.0.1", "", "198.51.100.7", "198.51.100.7"},
      {"private", "10.0.0.1", "", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
      {"private", "10.0.0.1", "", "203.0.113.9, 198.51.100.7, 192.168.1.1", "198.51.100.7"},
      {"private", "198.51.100.1", "", "203.0.113.9", "198.51.100.1"},
      {"private", "::1", "", "2001:db8::7", "2001:db8::7"},
      {"198.51.100.0/24", "198.51.100.200", "", "203.0.113.9", "203.0.113.9"},
      {"198.51.100.0/25", "198.51.100.200", "", "203.0.113.9", "198.51.100.200"},
      {"1", "198.51.100.1", "", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
      {"2", "198.51.100.1", "", "203.0.113.9, 198.51.100.7", "203.0.113.9"},
      {"5", "198.51.100.1", "", "203.0.113.9", "203.0.113.9"},
      {"private", "10.0.0.1", "", "", "10.0.0.1"},
      {"private", "10.0.0.1", "", "unknown", "10.0.0.1"},
      {"private", "10.0.0.1", "", "203.0.113.9:4711", "203.0.113.9"},
      {"private", "10.0.0.1", "for=192.0.2.60;proto=http;by=203.0.113.43", "203.0.113.9", "192.0.2.60"},
      {"private", "10.0.0.1", "For=\"[2001:db8:cafe::17]:4711\"", "", "2001:db8:cafe::17"},
      {"private", "10.0.0.1", "for=192.0.2.43, for=10.1.1.1", "", "192.0.2.43"},
      {"private", "10.0.0.1", "for=_hidden", "203.0.113.9", "10.0.0.1"},
  };
  for (const Case& c : cases) {
    const auto proxies = TrustedProxies::parse(c.trust);
    ASSERT_TRUE(proxies.has_value()) << c.trust;
    EXPECT_EQ(proxies->client_address(address(c.peer), c.forwarded, c.x_forwarded_for).to_string(), c.client)
        << c.trust << " | " << c.x_forwarded_for << " | " << c.forwarded;
  }
}

TEST(TrustedProxies, RefusesWhatIsNoNetwork) {
  for (const char* text : {"0", "33", "10.0.0.0/33", "10.0.0.0/x", "example.net", "10.0.0.1,,", "::1/129"}) {
    EXPECT_FALSE(TrustedProxies::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace relay
