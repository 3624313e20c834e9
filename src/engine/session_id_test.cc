#include "engine/session_id.h"

#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

constexpr std::string_view incarnation = "Abc123";

TEST(SessionId, NamesItsSlot) {
  for (const unsigned slot : {0U, 1U, 63U, 64U, 777U, session_slots_count - 1}) {
    const SessionId id = SessionId::make(slot, incarnation);
    EXPECT_EQ(SessionId::slot_of(id.text(), incarnation), slot);
  }
}

TEST(SessionId, HasMoreThan126RandomBits) {
  // 22 characters of 6 bits behind the slot and the incarnation.
  EXPECT_EQ(SessionId::length - 2 - SessionId::incarnation_length, 22U);
  EXPECT_NE(SessionId::make(1, incarnation).text(), SessionId::make(1, incarnation).text());
}

TEST(SessionId, KnowsWhatThisProcessDidNotMake) {
  const SessionId id = SessionId::make(5, incarnation);
  EXPECT_EQ(SessionId::slot_of(id.text(), "Other1"), std::nullopt);
  for (const char* sid : {"", "__proto__", "constructor", "AAAbc123",
                          "AAAbc1230123456789012345678901234567890", "??Abc1230123456789012345678901"}) {
    EXPECT_EQ(SessionId::slot_of(sid, incarnation), std::nullopt) << sid;
  }
}

}  // namespace
}  // namespace relay
