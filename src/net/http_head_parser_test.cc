#include "net/http_head_parser.h"

#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

std::expected<void, HttpHeadError> parse(const std::string& head, HttpRequest& request) {
  return parse_http_head(head, request);
}

TEST(HttpHead, ReadsARequest) {
  const std::string head =
      "POST /events?wait=delivered HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nX-Relay-Key:  secret "
      "\r\n\r\n";
  HttpRequest request;

  ASSERT_TRUE(parse(head, request).has_value());

  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/events");
  EXPECT_EQ(request.query, "wait=delivered");
  EXPECT_EQ(request.header("x-relay-key"), "secret");
  EXPECT_EQ(request.content_length, 12U);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_FALSE(request.chunked);
}

TEST(HttpHead, TakesEveryFormOfTarget) {
  struct Case {
    const char* target;
    const char* path;
    const char* query;
  };
  const Case cases[] = {
      {"/", "/", ""},
      {"/a?b=c?d", "/a", "b=c?d"},
      {"/a#f", "/a", ""},
      {"http://relay.example/events?x", "/events", "x"},
      {"HTTPS://relay.example", "/", ""},
      {"http://relay.example?x=1", "/", "x=1"},
      {"*", "*", ""},
  };
  for (const Case& c : cases) {
    const std::string head = "GET " + std::string(c.target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    HttpRequest request;
    ASSERT_TRUE(parse(head, request).has_value()) << c.target;
    EXPECT_EQ(request.path, c.path) << c.target;
    EXPECT_EQ(request.query, c.query) << c.target;
  }
}

TEST(HttpHead, KnowsWhetherTheConnectionStays) {
  struct Case {
    const char* version;
    const char* header;
    bool keep_alive;
  };
  const Case cases[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: Upgrade, Close\r\n", false},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
  };
  for (const Case& c : cases) {
    const std::string head =
        "GET / HTTP/" + std::string(c.version) + "\r\nHost: a\r\n" + std::string(c.header) + "\r\n";
    HttpRequest request;
    ASSERT_TRUE(parse(head, request).has_value()) << head;
    EXPECT_EQ(request.keep_alive, c.keep_alive) << head;
  }
}

TEST(HttpHead, RefusesWhatCanBeReadTwoWays) {
  struct Case {
    const char* lines;  // after the request line
    unsigned status;
  };
  const Case cases[] = {
      {"Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Host: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n", 400},
      {"Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n", 400},
      {"Host: a\r\nContent-Length: 5, 5\r\n", 400},
      {"Host: a\r\nContent-Length: +5\r\n", 400},
      {"Host: a\r\nContent-Length: -5\r\n", 400},
      {"Host: a\r\nContent-Length: 0x5\r\n", 400},
      {"Host: a\r\nContent-Length: 99999999999999999999\r\n", 400},
      {"Host: a\r\nTransfer-Encoding: xchunked\r\n", 400},
      {"Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", 501},
      {"Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Host: a\r\nTransfer-Encoding: identity\r\n", 400},
      {"Host: a\r\nHost: b\r\n", 400},
      {"", 400},
      {"Host: a\r\nX: 1\r\n folded\r\n", 400},
      {"Host : a\r\n", 400},
      {"Host: a\r\nno colon\r\n", 400},
      {"Host: a\r\nX: a\001b\r\n", 400},
      {"Host: a\r\nExpect: a-pony\r\n", 417},
  };
  for (const Case& c : cases) {
    HttpRequest request;
    const auto result = parse("POST /events HTTP/1.1\r\n" + std::string(c.lines) + "\r\n", request);
    ASSERT_FALSE(result.has_value()) << c.lines;
    EXPECT_EQ(result.error().status, c.status) << c.lines;
  }
}

TEST(HttpHead, RefusesOtherVersionsAndBrokenLines) {
  struct Case {
    const char* line;
    unsigned status;
  };
  const Case cases[] = {
      {"GET / HTTP/2.0", 505},   {"GET / HTTP/1.2", 505},        {"GET /", 400},
      {"GET  / HTTP/1.1", 400},  {"GET / HTTP/1.1 ", 400},       {"G@T / HTTP/1.1", 400},
      {"GET a b HTTP/1.1", 400}, {"GET ftp://x/ HTTP/1.1", 400},
  };
  for (const Case& c : cases) {
    HttpRequest request;
    const auto result = parse(std::string(c.line) + "\r\nHost: a\r\n\r\n", request);
    ASSERT_FALSE(result.has_value()) << c.line;
    EXPECT_EQ(result.error().status, c.status) << c.line;
  }
}

TEST(HttpHead, TransferEncodingNeedsHttp11) {
  HttpRequest request;
  const auto result = parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", request);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().status, 400U);
}

TEST(HttpHead, LeavesTheSizeOfABodyToTheHandler) {
  HttpRequest request;
  ASSERT_TRUE(
      parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99000000000\r\n\r\n", request).has_value());
  EXPECT_EQ(request.content_length, 99'000'000'000U);
}

TEST(HttpHead, HasBounds) {
  HttpRequest request;
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 300; ++i) many += "X: 1\r\n";
  EXPECT_EQ(parse(many + "\r\n", request).error().status, 431U);

  const std::string large = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n";
  EXPECT_EQ(parse(large, request).error().status, 431U);
}

}  // namespace
}  // namespace relay
