#include "engine/cors.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

HttpRequest request_from(std::string_view origin) {
  HttpRequest request;
  request.headers.push_back({"Origin", origin});
  return request;
}

CorsPolicy only(std::string origin) {
  return {.allows = [origin](std::string_view asked) { return asked == origin; }};
}

TEST(Cors, AnyOriginIsAStarWithoutCredentials) {
  const CorsPolicy policy{.any_origin = true};
  EXPECT_TRUE(policy.permits(request_from("https://a.example")));
  EXPECT_EQ(policy.headers_for(request_from("https://a.example")), "Access-Control-Allow-Origin: *\r\n");
}

TEST(Cors, AListEchoesWhatItAllows) {
  const CorsPolicy policy = only("https://a.example");
  EXPECT_EQ(policy.headers_for(request_from("https://a.example")),
            "Vary: Origin\r\nAccess-Control-Allow-Origin: https://a.example\r\n"
            "Access-Control-Allow-Credentials: true\r\n");
  EXPECT_EQ(policy.headers_for(request_from("https://evil.example")), "Vary: Origin\r\n");
  EXPECT_FALSE(policy.permits(request_from("https://evil.example")));
}

TEST(Cors, WhatIsNoBrowserNeedsNoOrigin) {
  EXPECT_TRUE(only("https://a.example").permits(HttpRequest()));
}

TEST(Cors, APreflightMayUseTheHeadersItAsksFor) {
  HttpRequest request = request_from("https://a.example");
  request.headers.push_back({"Access-Control-Request-Headers", "authorization"});
  const HttpResponse response = only("https://a.example").preflight(request);
  EXPECT_EQ(response.status, 204U);
  EXPECT_NE(response.headers.find("Access-Control-Allow-Headers: authorization\r\n"), std::string::npos);
}

}  // namespace
}  // namespace relay
