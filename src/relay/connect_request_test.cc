#include "relay/connect_request.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

constexpr std::string_view epoch = "epoch1";
constexpr std::string_view other_epoch = "epoch0";

std::string offset(std::string_view of_epoch, Position position) {
  const OffsetText text = format_offset(of_epoch, position);
  return {text.begin(), text.end()};
}

class ConnectRequestTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string pid(Position position, std::string_view of_epoch = epoch) const {
    return ids_.make(socket_.text(), of_epoch, position, "ann");
  }
  [[nodiscard]] ResumeWish wish(const std::string& auth_json) const {
    return resume_wish(parse_connect_request(auth_json), "ann", ids_, epoch);
  }
  static std::string auth(const std::string& pid, const std::string& rest = {}) {
    return R"({"pid":")" + pid + "\"" + rest + "}";
  }

  const PrivateIds ids_{{std::string(32, 's')}};
  const SocketId socket_ = SocketId::make(3);
};

TEST_F(ConnectRequestTest, ReadsTheMembersAsJsonParseWould) {
  const auto request = parse_connect_request(
      R"({"token":1,"x":{"pid":"inner"},"\u0070id":"a","token":"last","offset":null,"after":["x"]})");
  EXPECT_EQ(request.token_json, "\"last\"");
  EXPECT_EQ(request.pid_json, "\"a\"");
  EXPECT_EQ(request.offset_json, "") << "null is absent";
  EXPECT_EQ(request.after_json, R"(["x"])");
  EXPECT_EQ(parse_connect_request("").token_json, "");
  EXPECT_EQ(parse_connect_request("{}").token_json, "");
}

TEST_F(ConnectRequestTest, AsksForNothingWithoutPidAndAfter) {
  EXPECT_FALSE(wish(R"({"token":"t","offset":"x"})").is_asked);
  EXPECT_FALSE(wish(R"({"pid":null,"after":null})").is_asked);
}

TEST_F(ConnectRequestTest, ResumesFromTheLaterOfPidAndOffset) {
  const auto without = wish(auth(pid(7)));
  ASSERT_TRUE(without.resume);
  EXPECT_EQ(without.resume->after, 7U);
  EXPECT_EQ(without.resume->as->text(), socket_.text());
  EXPECT_EQ(without.asked_json, "") << "who saw no event has no gap to hear of";
  EXPECT_EQ(without.pid, pid(7));

  EXPECT_EQ(wish(auth(pid(7), R"(,"offset":")" + offset(epoch, 9) + "\"")).resume->after, 9U);
  EXPECT_EQ(wish(auth(pid(7), R"(,"offset":")" + offset(epoch, 5) + "\"")).resume->after, 7U);
}

TEST_F(ConnectRequestTest, IgnoresAnOffsetOfAnotherEpochThanThePids) {
  const auto request = wish(auth(pid(7), R"(,"offset":")" + offset(other_epoch, 9) + "\""));
  ASSERT_TRUE(request.resume);
  EXPECT_EQ(request.resume->after, 7U);
}

TEST_F(ConnectRequestTest, CannotResumeWithWhatItDoesNotKnow) {
  for (const std::string& auth_json :
       {auth("garbage", R"(,"offset":"x")"), auth(pid(7), R"(,"offset":"x")"),
        auth(pid(7), R"(,"offset":"")"), auth(pid(7), R"(,"offset":5)"),
        auth(pid(7, other_epoch), R"(,"offset":"x")"), std::string(R"({"pid":7,"offset":"x"})"),
        std::string(R"({"pid":{},"offset":"x"})")}) {
    const auto request = wish(auth_json);
    EXPECT_TRUE(request.is_asked) << auth_json;
    EXPECT_FALSE(request.resume) << auth_json;
    EXPECT_FALSE(request.asked_json.empty()) << auth_json;
  }
}

TEST_F(ConnectRequestTest, GoesOnAfterAnEventAsAnotherSocket) {
  const auto request = wish(R"({"after":")" + offset(epoch, 9) + "\"}");
  ASSERT_TRUE(request.resume);
  EXPECT_EQ(request.resume->after, 9U);
  EXPECT_FALSE(request.resume->as);
  EXPECT_EQ(request.pid, "");

  for (const std::string after : {"\"never-was\"", "5", "\"\"", "{\"a\":1}"}) {
    const auto impossible = wish("{\"after\":" + after + "}");
    EXPECT_TRUE(impossible.is_asked);
    EXPECT_FALSE(impossible.resume);
    EXPECT_EQ(impossible.asked_json, after);
  }
  EXPECT_FALSE(wish(R"({"after":")" + offset(other_epoch, 9) + "\"}").resume);
}

TEST_F(ConnectRequestTest, WithAPidAfterDoesNotCount) {
  const auto request = wish(auth(pid(7), R"(,"after":")" + offset(epoch, 3) + "\""));
  ASSERT_TRUE(request.resume);
  EXPECT_EQ(request.resume->after, 7U);
  EXPECT_TRUE(request.resume->as);
}

}  // namespace
}  // namespace relay
