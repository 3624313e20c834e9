#include "app/event_subscription.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(EventSubscription, ConnectsWithItsTokenOnceTheSessionIsOpen) {
  EventSubscription subscription("a\"b");

  const auto step =
      subscription.on_message(R"(0{"sid":"s","upgrades":[],"pingInterval":300,"pingTimeout":200})");

  EXPECT_EQ(step.reply, R"(40{"token":"a\"b"})");
  EXPECT_EQ(subscription.silence_max(), std::chrono::milliseconds(500));
}

TEST(EventSubscription, AnswersPings) {
  EventSubscription subscription("t");
  EXPECT_EQ(subscription.on_message("2").reply, "3");
  EXPECT_EQ(subscription.on_message("2x").reply, "3x");
}

TEST(EventSubscription, PassesOnEnvelopesAsTheyCameButOnOneLine) {
  struct Case {
    std::string_view message;
    std::string_view envelope;
  };
  const Case cases[] = {
      {R"(42["a.b",{"type":"a.b","payload":{ "n":1.0, "n":1e400 }},"offset"])",
       R"({"type":"a.b","payload":{ "n":1.0, "n":1e400 }})"},
      {"42[\"a\",{\n\"x\":\r\n\"\\n\"}]", "{ \"x\":  \"\\n\"}"},
      {R"(42["a","raw"])", R"("raw")"},
      {R"(427["a",1])", "1"},
  };
  for (const auto& [message, envelope] : cases) {
    EventSubscription subscription("t");
    const auto step = subscription.on_message(message);
    EXPECT_EQ(step.envelope, envelope);
    EXPECT_FALSE(step.is_ended);
  }
}

TEST(EventSubscription, TellsOfTheRelaysOwnEventsAside) {
  EventSubscription subscription("t");

  const auto step = subscription.on_message(R"(42["relay:closing",{"code":"draining","reconnect":true}])");

  EXPECT_EQ(step.envelope, "");
  EXPECT_EQ(step.note, R"(relay:closing {"code":"draining","reconnect":true})");
}

TEST(EventSubscription, EndsWithAReason) {
  struct Case {
    std::string_view message;
    std::string_view note;
  };
  const Case cases[] = {
      {R"(44{"message":"Unauthorized","data":{"code":"token_expired"}})", "refused: token_expired"},
      {R"(44{"message":"Unauthorized","data":{"code":"claims_invalid","claim":"sub"}})",
       "refused: claims_invalid (sub)"},
      {R"(44{"message":"Invalid namespace"})", "refused: Invalid namespace"},
      {"41", "disconnected by the relay"},
      {"1", "closed by the relay"},
      {"", "the relay sent what is not Engine.IO"},
      {"\xFF", "the relay sent what is not Engine.IO"},
      {"0x", "the relay sent an open packet that is not JSON"},
  };
  for (const auto& [message, note] : cases) {
    EventSubscription subscription("t");
    const auto step = subscription.on_message(message);
    EXPECT_TRUE(step.is_ended) << message;
    EXPECT_EQ(step.note, note) << message;
  }
}

}  // namespace
}  // namespace relay
