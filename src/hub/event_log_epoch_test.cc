#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "hub/event_log.h"

namespace relay {
namespace {

TEST(EventLogEpoch, AnOutcomeNamesTheEpochOfItsEventAlsoWhenThatHasEndedMeanwhile) {
  const ManualClock clock;
  EventLog log({.workers_count = 1, .follows_bus = true}, clock, [](unsigned) {});
  static_cast<void>(log.join(0, "/", "a"));
  log.set_epoch(Epoch::of("first1").value(), 9);
  auto packet = std::make_shared<EncodedPacket>();
  packet->bytes = "x" + std::string(offset_length, '.');
  NewEvent event{.audience = {.rooms = {"a"}},
                 .packet = packet,
                 .offset_at = 1,
                 .ticket = {.worker = 0, .handle = 7},
                 .position = 10};
  log.append(std::span(&event, 1));

  log.begin_epoch(Epoch::of("secnd2").value(), 500);
  std::vector<LogEntry*> entries;
  log.read(0, 10, entries);
  std::vector<EventLog::Delivered> delivered;
  for (LogEntry* const entry : entries) delivered.push_back({entry, 1});
  log.report(0, delivered);

  std::vector<PublishOutcome> outcomes;
  log.take_outcomes(0, outcomes);
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].position, 10U);
  EXPECT_EQ(outcomes[0].epoch.text(), "first1") << "as the offset in its frame says";
}

}  // namespace
}  // namespace relay
