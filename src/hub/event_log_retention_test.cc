#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "hub/event_log.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr EventLog::PageLimits no_limits{.events = 1'000'000, .bytes = std::size_t{1} << 30U};
constexpr std::string_view some_socket = "~AAsomebody-somebody";

NewEvent event_for(std::vector<std::string> rooms, std::size_t bytes = 0) {
  auto packet = std::make_shared<EncodedPacket>();
  packet->bytes = "x" + std::string(offset_length, '.') + std::string(bytes, 'y');
  return {.audience = {.rooms = std::move(rooms)}, .packet = std::move(packet), .offset_at = 1};
}

class EventLogRetentionTest : public ::testing::Test {
 protected:
  EventLog make(seconds window = seconds(100), std::size_t bytes = std::size_t{1} << 26U) {
    return EventLog({.workers_count = 1, .retention_window = window, .retained_bytes_max = bytes}, clock_,
                    [](unsigned) {});
  }
  static Position append(EventLog& log, NewEvent event) {
    const Position position = log.head();
    log.append(std::span(&event, 1));
    read_all(log);
    return position;
  }
  // A worker that lags would hold everything.
  static void read_all(EventLog& log) {
    std::vector<LogEntry*> entries;
    log.read(0, 100, entries);
    std::vector<EventLog::Delivered> delivered;
    for (LogEntry* const entry : entries) delivered.push_back({entry, 1});
    log.report(0, delivered);
  }
  static std::vector<Position> replay(EventLog& log, std::vector<std::string_view> rooms, Position after,
                                      std::string_view socket = some_socket) {
    std::vector<RetainedEvent> events;
    const auto replayed = log.replay({"/", rooms, socket}, after, log.head(), no_limits, events);
    EXPECT_EQ(replayed.end, EventLog::ReplayEnd::complete);
    std::vector<Position> positions;
    for (const RetainedEvent& event : events) positions.push_back(event.position);
    return positions;
  }
  static bool reaches(EventLog& log, std::vector<std::string_view> rooms, Position position) {
    return log.reaches({"/", rooms, some_socket}, position);
  }
  static std::vector<Position> history(EventLog& log, std::string_view room,
                                       std::optional<Position> after = {}) {
    std::vector<Position> positions;
    for (const RetainedEvent& event : log.history("/", room, after, no_limits).events) {
      positions.push_back(event.position);
    }
    return positions;
  }
  void pass(EventLog& log, seconds time) {
    for (seconds passed(0); passed < time; passed += seconds(1)) {
      clock_.advance(seconds(1));
      read_all(log);
      log.tick();
    }
  }

  ManualClock clock_;
};

TEST_F(EventLogRetentionTest, ReplaysAllRoomsOfAReaderInOneOrderEachEventOnce) {
  EventLog log = make();
  for (const auto& rooms : std::vector<std::vector<std::string>>{
           {"a"}, {"b"}, {"c"}, {"a", "b"}, {"b"}, {"a"}, {std::string(some_socket)}, {}}) {
    append(log, event_for(rooms));
  }
  EXPECT_EQ(replay(log, {"a", "b"}, 0), (std::vector<Position>{1, 2, 4, 5, 6, 7, 8}));
  EXPECT_EQ(replay(log, {"a", "b"}, 4), (std::vector<Position>{5, 6, 7, 8}));
  EXPECT_EQ(replay(log, {"c"}, 3), (std::vector<Position>{7, 8}));
}

TEST_F(EventLogRetentionTest, DoesNotReplayWhatExceptsTheReader) {
  EventLog log = make();
  append(log, event_for({"a"}));
  NewEvent excepting = event_for({"a"});
  excepting.audience.except = {std::string(some_socket)};
  append(log, std::move(excepting));
  EXPECT_EQ(replay(log, {"a"}, 0), (std::vector<Position>{1}));
  EXPECT_EQ(replay(log, {"a"}, 0, "~AAanother-one-other"), (std::vector<Position>{1, 2}));
}

TEST_F(EventLogRetentionTest, DoesNotRetainWhatIsNotToBeRetained) {
  EventLog log = make();
  NewEvent fleeting = event_for({"a"});
  fleeting.is_retained = false;
  append(log, std::move(fleeting));
  EXPECT_EQ(replay(log, {"a"}, 0), (std::vector<Position>{}));
  EXPECT_EQ(log.levels().retained_events, 0U);
  EXPECT_TRUE(reaches(log, {"a"}, 0)) << "it is no gap";
}

TEST_F(EventLogRetentionTest, PagesAReplay) {
  EventLog log = make();
  for (int i = 0; i < 10; ++i) append(log, event_for({"a"}));
  std::vector<std::string_view> rooms{"a"};
  std::vector<Position> positions;
  Position after = 0;
  for (int pages = 0;; ++pages) {
    std::vector<RetainedEvent> events;
    const auto replayed = log.replay({"/", rooms, some_socket}, after, log.head(), {3, 1 << 20}, events);
    EXPECT_LE(events.size(), 3U);
    for (const RetainedEvent& event : events) positions.push_back(event.position);
    after = replayed.up_to;
    if (replayed.end == EventLog::ReplayEnd::complete) break;
    ASSERT_LT(pages, 10);
  }
  EXPECT_EQ(positions, (std::vector<Position>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(after, 10U);
}

TEST_F(EventLogRetentionTest, ForgetsAfterTheWindowAndKnowsIt) {
  EventLog log = make(seconds(100));
  append(log, event_for({"a"}));
  append(log, event_for({"b"}));
  pass(log, seconds(60));
  const Position last = append(log, event_for({"a"}));
  EXPECT_TRUE(reaches(log, {"a"}, 0));
  pass(log, seconds(60));

  EXPECT_EQ(history(log, "a"), (std::vector<Position>{last}));
  EXPECT_FALSE(reaches(log, {"a"}, 0)) << "1 is gone";
  EXPECT_TRUE(reaches(log, {"a"}, 1));
  EXPECT_FALSE(reaches(log, {"a", "b"}, 1)) << "2 is gone, of b";
  std::vector<RetainedEvent> events;
  std::vector<std::string_view> rooms{"a"};
  EXPECT_EQ(log.replay({"/", rooms, some_socket}, 0, log.head(), no_limits, events).end,
            EventLog::ReplayEnd::overtaken);
}

TEST_F(EventLogRetentionTest, APositionThatWasCurrentLatelyReachesHoweverOldItsEventIs) {
  EventLog log = make(seconds(100));
  const Position only = append(log, event_for({"a"}));
  pass(log, seconds(1000));
  EXPECT_TRUE(reaches(log, {"a"}, log.head() - 1));
  EXPECT_FALSE(reaches(log, {"a"}, only)) << "nothing was missed, but nobody remembers that";
}

TEST_F(EventLogRetentionTest, APositionIsTooOldAfterOneAndAHalfWindows) {
  EventLog log = make(seconds(100));
  append(log, event_for({"a"}));
  const Position position = log.head() - 1;
  append(log, event_for({"another room"}));
  pass(log, seconds(149));
  EXPECT_TRUE(reaches(log, {"a"}, position));
  pass(log, seconds(3));
  EXPECT_FALSE(reaches(log, {"a"}, position));
}

TEST_F(EventLogRetentionTest, APositionOfTheFutureReachesNothing) {
  EventLog log = make();
  append(log, event_for({"a"}));
  EXPECT_TRUE(reaches(log, {"a"}, 1));
  EXPECT_FALSE(reaches(log, {"a"}, 2));
}

TEST_F(EventLogRetentionTest, AFloodedRoomPushesOutItsOwnEventsOnly) {
  constexpr std::size_t budget = 800'000;
  EventLog log = make(seconds(100), budget);
  const Position quiet = append(log, event_for({"quiet"}));
  for (int i = 0; i < 2000; ++i) append(log, event_for({"flooded"}, 1000));

  EXPECT_EQ(history(log, "quiet"), (std::vector<Position>{quiet}));
  EXPECT_TRUE(reaches(log, {"quiet"}, 0));
  EXPECT_FALSE(reaches(log, {"flooded"}, quiet));
  const auto kept = history(log, "flooded");
  EXPECT_GT(kept.size(), 50U);
  EXPECT_LT(kept.size() * 1000, budget / EventLog::room_share);
  EXPECT_EQ(kept.back(), log.head() - 1);
  EXPECT_TRUE(reaches(log, {"flooded"}, kept.front() - 1));
}

TEST_F(EventLogRetentionTest, StaysWithinItsBudgetWithAnyNumberOfRooms) {
  constexpr std::size_t budget = 1'000'000;
  EventLog log = make(seconds(100), budget);
  for (int i = 0; i < 20'000; ++i) {
    append(log, event_for({"room " + std::to_string(i)}, 100));
    ASSERT_LE(log.levels().retained_bytes, budget);
  }
  EXPECT_FALSE(reaches(log, {"room 0"}, 0));
  EXPECT_EQ(history(log, "room 19999").size(), 1U);
  pass(log, seconds(400));
  EXPECT_EQ(log.levels().retained_events, 0U);
  EXPECT_LT(log.levels().retained_bytes, 1000U) << "the floors are gone as well";
}

TEST_F(EventLogRetentionTest, ForgetsABurstInOneTickAndLittleByLittleAsItAppends) {
  EventLog log = make(seconds(100));
  constexpr std::size_t burst = 3000;
  for (std::size_t i = 0; i < burst; ++i) append(log, event_for({"a"}));
  clock_.advance(seconds(101));
  append(log, event_for({"b"}));
  EXPECT_EQ(log.levels().retained_events, burst - EventLog::evicted_per_append_max);
  log.tick();
  EXPECT_EQ(log.levels().retained_events, 1U);
}

TEST_F(EventLogRetentionTest, AnEventLargerThanARoomsShareIsNotKept) {
  EventLog log = make(seconds(100), 8000);
  append(log, event_for({"a"}, 2000));
  EXPECT_EQ(history(log, "a"), (std::vector<Position>{}));
  EXPECT_FALSE(reaches(log, {"a"}, 0));
  EXPECT_TRUE(reaches(log, {"a"}, 1));
}

TEST_F(EventLogRetentionTest, RetainsNothingWhenItIsOff) {
  const auto check = [](EventLog&& log) {
    append(log, event_for({"a"}));
    EXPECT_FALSE(log.retains());
    EXPECT_EQ(history(log, "a"), (std::vector<Position>{}));
    EXPECT_FALSE(log.history("/", "a", 0, no_limits).complete);
    EXPECT_FALSE(reaches(log, {"a"}, 0));
  };
  check(make(seconds(0)));
  check(make(seconds(100), 0));
}

TEST_F(EventLogRetentionTest, HistoryLeavesOutWhatIsNotListed) {
  EventLog log = make();
  append(log, event_for({"a"}));
  NewEvent unlisted = event_for({"a"});
  unlisted.is_listed = false;
  append(log, std::move(unlisted));
  append(log, event_for({"a", "b"}));
  EXPECT_EQ(history(log, "a"), (std::vector<Position>{1, 3}));
  EXPECT_EQ(history(log, "a", 1), (std::vector<Position>{3}));
  EXPECT_EQ(replay(log, {"a"}, 0), (std::vector<Position>{1, 2, 3}));
}

TEST_F(EventLogRetentionTest, HistorySaysWhenItDoesNotBeginWhereItWasAsked) {
  EventLog log = make(seconds(100));
  append(log, event_for({"a"}));
  EXPECT_TRUE(log.history("/", "a", std::nullopt, no_limits).complete);
  EXPECT_TRUE(log.history("/", "a", 0, no_limits).complete);
  EXPECT_FALSE(log.history("/", "a", 99, no_limits).complete) << "never was";
  EXPECT_EQ(log.history("/", "a", 99, no_limits).events.size(), 1U);
  pass(log, seconds(120));
  EXPECT_FALSE(log.history("/", "a", 0, no_limits).complete);
  EXPECT_TRUE(log.history("/", "a", 1, no_limits).complete);
}

// Whatever is appended and forgotten: a reader whose position reaches is replayed exactly what came to its
// rooms since.
TEST_F(EventLogRetentionTest, AgreesWithANaiveModel) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    EventLog log = make(seconds(50), 40'000);
    std::map<Position, std::vector<std::string>> all;
    for (int step = 0; step < 600; ++step) {
      std::vector<std::string> rooms;
      for (unsigned i = 0; i <= random() % 3; ++i) {
        const std::string room(1, static_cast<char>('a' + random() % 6));
        if (std::ranges::find(rooms, room) == rooms.end()) rooms.push_back(room);
      }
      all.emplace(append(log, event_for(rooms, random() % 300)), rooms);
      if (random() % 4 == 0) pass(log, seconds(random() % 3));

      const std::string mine(1, static_cast<char>('a' + random() % 6));
      const std::string other(1, static_cast<char>('a' + random() % 6));
      const Position after = random() % log.head();
      if (!reaches(log, {mine, other}, after)) continue;
      std::vector<Position> expected;
      for (const auto& [position, targets] : all) {
        const bool concerns = std::ranges::find(targets, mine) != targets.end() ||
                              std::ranges::find(targets, other) != targets.end();
        if (position > after && concerns) expected.push_back(position);
      }
      ASSERT_EQ(replay(log, {mine, other}, after), expected) << "round " << round << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace relay
