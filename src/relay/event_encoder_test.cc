#include "relay/event_encoder.h"

#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

constexpr EventContent vote{
    .type = "vote.cast", .payload_json = R"({"n":1.0})", .issued_at = "2026-01-31T12:00:00Z"};

TEST(EventEncoder, PutsTheEnvelopeIntoOneFrame) {
  const EncodedEvent event = encode_event(vote, {.with_offset = false});

  EXPECT_EQ(event.packet->payload(),
            R"(42["vote.cast",{"type":"vote.cast","payload":{"n":1.0},"issuedAt":"2026-01-31T12:00:00Z"}])");
  EXPECT_EQ(event.offset_at, 0U);
  EXPECT_EQ(event.packet->bytes.size(), event.packet->payload().size() + event.packet->header_size);
}

TEST(EventEncoder, LeavesASlotForTheOffset) {
  EncodedEvent event = encode_event(vote, {});

  event.packet->bytes.replace(event.offset_at, 18, "Q84z6u.00000000007");

  EXPECT_TRUE(
      event.packet->payload().ends_with(R"("issuedAt":"2026-01-31T12:00:00Z"},"Q84z6u.00000000007"])"));
}

TEST(EventEncoder, FollowsEmitAsAndEnvelope) {
  EXPECT_EQ(encode_event(vote, {.fixed_name = "event", .with_offset = false}).packet->payload(),
            R"(42["event",{"type":"vote.cast","payload":{"n":1.0},"issuedAt":"2026-01-31T12:00:00Z"}])");
  EXPECT_EQ(encode_event(vote, {.bare_payload = true, .with_offset = false}).packet->payload(),
            R"(42["vote.cast",{"n":1.0}])");
}

TEST(EventEncoder, NamesTheSenderOfAClientEvent) {
  EventContent content = vote;
  content.from = "acc\"1";
  EXPECT_TRUE(
      encode_event(content, {.with_offset = false}).packet->payload().ends_with(R"(,"from":"acc\"1"}])"));
}

TEST(EventEncoder, EscapesTheNameAndNothingOfThePayload) {
  const EventContent content{.type = "a\"b", .payload_json = "\"\\ud83d\\/\"", .issued_at = "t"};
  EXPECT_EQ(encode_event(content, {.bare_payload = true, .with_offset = false}).packet->payload(),
            R"(42["a\"b","\ud83d\/"])");
}

}  // namespace
}  // namespace relay
