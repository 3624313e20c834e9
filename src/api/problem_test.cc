#include "api/problem.h"

#include <array>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(Problem, IsRfc9457) {
  const std::array<FieldError, 2> errors{{{"/type", "is \"missing\""}, {"/room", "is empty"}}};
  EXPECT_EQ(
      problem_json({.status = 400, .code = "invalid_event", .detail = "No.", .errors = errors}),
      R"({"type":"about:blank","title":"Bad Request","status":400,"code":"invalid_event","detail":"No.",)"
      R"("errors":[{"path":"/type","message":"is \"missing\""},{"path":"/room","message":"is empty"}]})");
}

TEST(Problem, SaysWhetherAnUnavailableClusterMayHaveFannedOut) {
  const HttpResponse response =
      problem_response({.status = 503, .code = "unavailable", .detail = "x", .outcome = Outcome::unknown});
  EXPECT_NE(response.body.find(R"("outcome":"unknown")"), std::string::npos);
  EXPECT_NE(response.headers.find("Retry-After: "), std::string::npos);
}

TEST(Problem, EveryErrorHasAStatusOfItsKind) {
  EXPECT_EQ(http_status(PublishError::invalid_json), 400U);
  EXPECT_EQ(http_status(PublishError::invalid_event), 400U);
  EXPECT_EQ(http_status(PublishError::unauthorized), 401U);
  EXPECT_EQ(http_status(PublishError::nonce_conflict), 409U);
  EXPECT_EQ(http_status(PublishError::too_large), 413U);
  EXPECT_EQ(http_status(PublishError::unsupported_media_type), 415U);
  EXPECT_EQ(http_status(PublishError::rate_limited), 429U);
  EXPECT_EQ(http_status(PublishError::unavailable), 503U);
}

TEST(Problem, A405NamesWhatIsAllowed) {
  EXPECT_NE(method_not_allowed("POST").headers.find("Allow: POST\r\n"), std::string::npos);
}

}  // namespace
}  // namespace relay
