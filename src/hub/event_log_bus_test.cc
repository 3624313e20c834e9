// The log as one that follows a bus: positions come from elsewhere and have holes.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "hub/event_log.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Positions = std::vector<Position>;

constexpr EventLog::PageLimits no_limits{.events = 1'000, .bytes = std::size_t{1} << 30U};
constexpr std::string_view some_socket = "~AAsomebody-somebody";

NewEvent event_at(Position position, const std::string& room = "a", Handle ticket = no_handle) {
  auto packet = std::make_shared<EncodedPacket>();
  packet->bytes = "x" + std::string(offset_length, '.');
  return {.audience = {.rooms = {room}},
          .packet = std::move(packet),
          .offset_at = 1,
          .ticket = {0, ticket},
          .position = position};
}

Epoch epoch_named(std::string_view text) {
  return Epoch::of(text).value();
}

class EventLogBusTest : public ::testing::Test {
 protected:
  explicit EventLogBusTest(unsigned workers = 2)
      : log_({.workers_count = workers, .retention_window = seconds(100), .follows_bus = true}, clock_,
             [this](unsigned worker) { woken_.push_back(worker); }) {
    for (unsigned worker = 0; worker < workers; ++worker) static_cast<void>(log_.join(worker, "/", "a"));
  }

  void append(NewEvent event) { log_.append(std::span(&event, 1)); }
  void append_at(std::initializer_list<Position> positions, const std::string& room = "a") {
    for (const Position position : positions) append(event_at(position, room));
  }
  // What the worker reads, each with its kind; all is reported.
  std::vector<LogEntry> read(unsigned worker, std::size_t entries_max = 100) {
    std::vector<LogEntry*> entries;
    log_.read(worker, entries_max, entries);
    std::vector<LogEntry> copies;
    std::vector<EventLog::Delivered> delivered;
    for (LogEntry* const entry : entries) {
      copies.push_back(*entry);
      delivered.push_back({entry, 1});
    }
    log_.report(worker, delivered);
    return copies;
  }
  Positions read_positions(unsigned worker, std::size_t entries_max = 100) {
    Positions positions;
    for (const LogEntry& entry : read(worker, entries_max)) positions.push_back(entry.position);
    return positions;
  }
  void read_all() {
    static_cast<void>(read(0));
    static_cast<void>(read(1));
  }
  std::vector<PublishOutcome> outcomes() {
    std::vector<PublishOutcome> taken;
    log_.take_outcomes(0, taken);
    return taken;
  }
  bool reaches(Position position, std::vector<std::string_view> rooms = {"a"}) {
    return log_.reaches({"/", rooms, some_socket}, position);
  }
  EventLog::Replayed replay(Position after, const EventLog::PageLimits& limits, Positions& positions) {
    std::vector<RetainedEvent> events;
    const std::vector<std::string_view> rooms{"a", "b"};
    const auto replayed = log_.replay({"/", rooms, some_socket}, after, log_.head(), limits, events);
    for (const RetainedEvent& event : events) positions.push_back(event.position);
    return replayed;
  }
  EventLog::HistoryPage history(std::optional<Position> after, Positions& positions) {
    auto page = log_.history("/", "a", after, no_limits);
    for (const RetainedEvent& event : page.events) positions.push_back(event.position);
    return page;
  }
  static std::string_view offset_of(const LogEntry& entry) {
    return std::string_view(entry.packet->bytes).substr(1, offset_length);
  }

  ManualClock clock_;
  std::vector<unsigned> woken_;
  EventLog log_;
};

// ---- positions

TEST_F(EventLogBusTest, KeepsThePositionsOfTheBus) {
  append_at({10, 11, 4'000'000'000'000});

  const auto entries = read(0);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].position, 10U);
  EXPECT_EQ(entries[2].position, 4'000'000'000'000U);
  EXPECT_EQ(parse_offset(log_.epoch().text(), offset_of(entries[2])), 4'000'000'000'000U);
  EXPECT_EQ(log_.head(), 4'000'000'000'001U);
  EXPECT_EQ(read_positions(1), (Positions{10, 11, 4'000'000'000'000}));
}

TEST_F(EventLogBusTest, APositionThatHasPassedBecomesTheNextOne) {
  append_at({10, 3, 0, 10, 20});

  const auto entries = read(0);
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(entries[1].position, 11U);
  EXPECT_EQ(parse_offset(log_.epoch().text(), offset_of(entries[1])), 11U);
  EXPECT_EQ(entries[2].position, 12U);
  EXPECT_EQ(entries[3].position, 13U);
  EXPECT_EQ(entries[4].position, 20U);
}

TEST_F(EventLogBusTest, TheOutcomeNamesThePositionOfTheBus) {
  append(event_at(10, "a", 7));
  static_cast<void>(read(0));
  EXPECT_TRUE(outcomes().empty());
  static_cast<void>(read(1));

  const auto done = outcomes();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].position, 10U);
  EXPECT_EQ(done[0].epoch, log_.epoch());
  EXPECT_EQ(done[0].recipients, 2U);
}

TEST_F(EventLogBusTest, WhatPassesMovesTheHeadWithoutAnEntry) {
  log_.pass(50);

  EXPECT_EQ(log_.head(), 51U);
  EXPECT_TRUE(read(0).empty());
  EXPECT_FALSE(log_.has_unread(0));
  log_.pass(20);
  EXPECT_EQ(log_.head(), 51U) << "it never goes back";
  append_at({0});
  EXPECT_EQ(read_positions(0), Positions{51});
}

TEST_F(EventLogBusTest, TimeAloneTakesNoPositionOfTheBus) {
  append_at({10});
  for (int i = 0; i < 5; ++i) {
    clock_.advance(seconds(10));
    log_.tick();
  }
  EXPECT_EQ(log_.head(), 11U) << "the next one of the bus may be 11";
}

// ---- workers and holes

TEST_F(EventLogBusTest, AWorkerReadsOnBehindAHole) {
  append_at({10, 20, 30});
  EXPECT_EQ(read_positions(0, 1), Positions{10});
  EXPECT_EQ(log_.cursor(0), 20U);
  log_.pass(35);
  append_at({40});
  EXPECT_EQ(read_positions(0, 2), (Positions{20, 30}));
  EXPECT_EQ(read_positions(0, 2), Positions{40});
  EXPECT_EQ(log_.cursor(0), 41U);
  EXPECT_EQ(read_positions(1, 3), (Positions{10, 20, 30}));
  EXPECT_EQ(read_positions(1, 3), Positions{40});
}

TEST_F(EventLogBusTest, AnEntryBehindAHoleKeepsAWorkerAwakeAndWakesASleeper) {
  append_at({10});
  read_all();
  log_.pass(99);
  append_at({100});
  EXPECT_FALSE(log_.prepare_to_sleep(0));
  EXPECT_EQ(read_positions(0), Positions{100});
  EXPECT_TRUE(log_.prepare_to_sleep(0));
  EXPECT_TRUE(woken_.empty());

  log_.pass(199);
  EXPECT_TRUE(woken_.empty()) << "what passes is for nobody";
  append_at({300});

  EXPECT_EQ(woken_, std::vector<unsigned>{0});
  log_.begin_turn(0);
  EXPECT_EQ(read_positions(0), Positions{300});
  EXPECT_EQ(read_positions(1), (Positions{100, 300}));
}

TEST_F(EventLogBusTest, WhatIsOfNoConcernInAHoleLetsAWorkerSleep) {
  static_cast<void>(log_.join(1, "/", "b"));
  append_at({10, 20, 30}, "b");
  EXPECT_TRUE(log_.prepare_to_sleep(0));
  EXPECT_FALSE(log_.prepare_to_sleep(1));
  EXPECT_EQ(read_positions(1), (Positions{10, 20, 30}));
}

TEST_F(EventLogBusTest, AWorkerThatLagsBeforeAHoleHoldsWhatItHasNotRead) {
  append_at({10, 1'000});
  static_cast<void>(read(1));
  clock_.advance(seconds(200));
  log_.tick();
  EXPECT_EQ(read_positions(0), (Positions{10, 1'000}));
  log_.tick();
  EXPECT_EQ(log_.levels().retained_events, 0U);
}

TEST_F(EventLogBusTest, TellsWhetherThereIsRoom) {
  EXPECT_TRUE(log_.has_room_for(EventLog::lag_bytes_max + 1)) << "nobody lags";
  append_at({10});
  EXPECT_TRUE(log_.has_room_for(1'000));
  EXPECT_FALSE(log_.has_room_for(EventLog::lag_bytes_max));
  static_cast<void>(read(0));
  EXPECT_FALSE(log_.has_room_for(EventLog::lag_bytes_max)) << "the slowest counts";
  static_cast<void>(read(1));
  EXPECT_TRUE(log_.has_room_for(EventLog::lag_bytes_max));
}

// ---- what is retained

TEST_F(EventLogBusTest, ReplaysOverHoles) {
  append_at({10, 30});
  append_at({20, 40}, "b");  // 20 has passed, and becomes 31
  append_at({1'000});
  read_all();

  Positions positions;
  const auto all = replay(5, no_limits, positions);
  EXPECT_EQ(all.end, EventLog::ReplayEnd::complete);
  EXPECT_EQ(all.up_to, 1'000U);
  EXPECT_EQ(positions, (Positions{10, 30, 31, 40, 1'000}));

  positions.clear();
  EXPECT_EQ(replay(25, no_limits, positions).end, EventLog::ReplayEnd::complete) << "a hole to begin from";
  EXPECT_EQ(positions, (Positions{30, 31, 40, 1'000}));
  log_.pass(1'200);
  EXPECT_EQ(replay(1'000, no_limits, positions).up_to, 1'200U) << "from there to go on";
}

// Every entry is found, from its place and from each side of it, however far from the head it lies.
TEST_F(EventLogBusTest, FindsEachOfManyEntriesAmongHoles) {
  Positions all;
  for (Position position = 10; all.size() < 70; position += 2 + all.size() % 3) all.push_back(position);
  for (const Position position : all) append_at({position});
  read_all();

  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const Position before : {all[i] - 2, all[i] - 1, all[i]}) {
      Positions positions;
      static_cast<void>(replay(before, no_limits, positions));
      const auto first = std::ranges::upper_bound(all, before);
      EXPECT_EQ(positions, Positions(first, all.end())) << before;
    }
  }
}

TEST_F(EventLogBusTest, AReplayInPagesGoesOnBehindAHole) {
  append_at({10, 500, 501, 9'000});
  read_all();

  Positions positions;
  const auto first = replay(9, {.events = 2, .bytes = 1U << 20U}, positions);
  EXPECT_EQ(first.end, EventLog::ReplayEnd::more);
  EXPECT_EQ(first.up_to, 500U);
  const auto second = replay(first.up_to, {.events = 2, .bytes = 1U << 20U}, positions);
  EXPECT_EQ(second.end, EventLog::ReplayEnd::complete);
  EXPECT_EQ(positions, (Positions{10, 500, 501, 9'000}));
}

TEST_F(EventLogBusTest, TellsHistoryOverHoles) {
  append_at({10, 500, 9'000});
  read_all();

  Positions positions;
  EXPECT_TRUE(history({}, positions).complete);
  EXPECT_EQ(positions, (Positions{10, 500, 9'000}));
  positions.clear();
  EXPECT_TRUE(history(400, positions).complete);
  EXPECT_EQ(positions, (Positions{500, 9'000}));
  positions.clear();
  EXPECT_FALSE(history(9'001, positions).complete) << "nobody has been there yet";
  EXPECT_EQ(positions, (Positions{10, 500, 9'000}));
}

TEST_F(EventLogBusTest, WhoHasSeenWhatPassedMissesNothing) {
  append_at({10});
  read_all();
  log_.pass(60);
  EXPECT_TRUE(reaches(60));
  EXPECT_TRUE(reaches(10));
  EXPECT_FALSE(reaches(61)) << "it has not come yet";
}

TEST_F(EventLogBusTest, EvictsOverHolesByAge) {
  append_at({10, 1'000});
  read_all();
  clock_.advance(seconds(60));
  append_at({5'000});
  read_all();
  clock_.advance(seconds(60));
  log_.tick();

  EXPECT_EQ(log_.levels().retained_events, 1U);
  EXPECT_FALSE(reaches(999));
  EXPECT_TRUE(reaches(1'000));
  Positions positions;
  EXPECT_EQ(replay(1'000, no_limits, positions).end, EventLog::ReplayEnd::complete);
  EXPECT_EQ(positions, Positions{5'000});
}

// ---- what is lost

TEST_F(EventLogBusTest, EveryWorkerHearsOfALossInItsPlaceAlsoThoseAsleep) {
  append_at({10});
  static_cast<void>(log_.join(1, "/", "b"));
  read_all();
  ASSERT_TRUE(log_.prepare_to_sleep(1));
  append_at({20});
  ASSERT_EQ(woken_, std::vector<unsigned>{1});
  log_.begin_turn(1);
  EXPECT_EQ(read_positions(1), Positions{20});
  ASSERT_TRUE(log_.prepare_to_sleep(1));
  woken_.clear();

  log_.lose(29);
  append_at({30});

  EXPECT_EQ(woken_, std::vector<unsigned>{1});
  log_.begin_turn(1);
  const auto awake = read(0);
  ASSERT_EQ(awake.size(), 3U);
  EXPECT_EQ(awake[0].kind, EntryKind::event);
  EXPECT_EQ(awake[1].kind, EntryKind::loss);
  EXPECT_EQ(awake[1].position, 29U);
  EXPECT_EQ(awake[1].packet, nullptr);
  EXPECT_EQ(awake[2].position, 30U);
  const auto woken = read(1);
  ASSERT_EQ(woken.size(), 2U);
  EXPECT_EQ(woken[0].kind, EntryKind::loss);
  EXPECT_EQ(woken[1].position, 30U);
}

TEST_F(EventLogBusTest, ALossConcernsAWorkerWithoutAnyRoom) {
  log_.leave(1, "/", "a");
  log_.lose(5);
  EXPECT_FALSE(log_.prepare_to_sleep(1));
  ASSERT_EQ(read(1).size(), 1U);
  EXPECT_TRUE(log_.prepare_to_sleep(1));
}

TEST_F(EventLogBusTest, NobodyResumesFromBeforeALoss) {
  append_at({10});
  read_all();
  log_.lose(20);
  append_at({30});
  read_all();

  EXPECT_FALSE(reaches(10));
  EXPECT_FALSE(reaches(19));
  EXPECT_TRUE(reaches(20));
  EXPECT_TRUE(reaches(30));
  EXPECT_FALSE(reaches(19, {"a room that was never heard of"}));
  EXPECT_TRUE(reaches(20, {"a room that was never heard of"}));
  Positions positions;
  EXPECT_EQ(replay(19, no_limits, positions).end, EventLog::ReplayEnd::overtaken);
  EXPECT_TRUE(positions.empty());
  EXPECT_EQ(replay(20, no_limits, positions).end, EventLog::ReplayEnd::complete);
  EXPECT_EQ(positions, Positions{30});
}

TEST_F(EventLogBusTest, AReplayUnderWayIsOvertakenByALoss) {
  append_at({10, 11, 12});
  read_all();
  Positions positions;
  const auto first = replay(9, {.events = 1, .bytes = 1U << 20U}, positions);
  ASSERT_EQ(first.end, EventLog::ReplayEnd::more);
  log_.lose(20);
  EXPECT_EQ(replay(first.up_to, no_limits, positions).end, EventLog::ReplayEnd::overtaken);
}

TEST_F(EventLogBusTest, HistoryFromBeforeALossIsNotComplete) {
  append_at({10});
  log_.lose(20);
  append_at({30});
  read_all();
  Positions positions;
  EXPECT_FALSE(history(15, positions).complete);
  EXPECT_EQ(positions, Positions{30});
  positions.clear();
  EXPECT_TRUE(history(20, positions).complete);
  EXPECT_EQ(positions, Positions{30});
}

TEST_F(EventLogBusTest, ALossWhosePlaceHasPassedComesNext) {
  append_at({10});
  log_.lose(4);
  EXPECT_EQ(log_.head(), 12U);
  EXPECT_EQ(read_positions(0), (Positions{10, 11}));
  EXPECT_FALSE(reaches(10));
  EXPECT_TRUE(reaches(11));
}

TEST_F(EventLogBusTest, ALossIsForgottenWhenAllHaveHeardOfIt) {
  log_.lose(20);
  static_cast<void>(read(0));
  EXPECT_GT(log_.levels().retained_bytes, 0U);
  static_cast<void>(read(1));
  log_.tick();
  EXPECT_EQ(log_.levels().retained_bytes, 0U);
  EXPECT_FALSE(reaches(19)) << "what it means is not";
}

// ---- epochs

TEST_F(EventLogBusTest, TheBusNamesTheFirstEpochAndWhereItBegins) {
  log_.set_epoch(epoch_named("first1"), 99);
  append_at({100});

  const auto entries = read(0);
  ASSERT_EQ(entries.size(), 1U) << "nobody needs to hear of it";
  EXPECT_EQ(entries[0].kind, EntryKind::event);
  EXPECT_EQ(parse_offset("first1", offset_of(entries[0])), 100U);
  EXPECT_FALSE(reaches(98)) << "what came before this log began nobody has";
  EXPECT_TRUE(reaches(99));
}

TEST_F(EventLogBusTest, ANewEpochIsHeardOfInItsPlaceWithTheOneThatEnded) {
  log_.set_epoch(epoch_named("first1"), 9);
  append_at({10});
  read_all();
  ASSERT_TRUE(log_.prepare_to_sleep(1));

  log_.begin_epoch(epoch_named("secnd2"), 500);
  append_at({501});

  EXPECT_EQ(woken_, std::vector<unsigned>{1});
  EXPECT_EQ(log_.epoch(), epoch_named("secnd2"));
  log_.begin_turn(1);
  for (const unsigned worker : {0U, 1U}) {
    const auto entries = read(worker);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].kind, EntryKind::new_epoch);
    EXPECT_EQ(entries[0].epoch, epoch_named("first1"));
    EXPECT_EQ(entries[0].position, 500U);
    EXPECT_EQ(parse_offset("secnd2", offset_of(entries[1])), 501U);
  }
}

TEST_F(EventLogBusTest, WhatWasAppendedBeforeKeepsTheOldEpochInItsFrame) {
  log_.set_epoch(epoch_named("first1"), 9);
  append_at({10});
  log_.begin_epoch(epoch_named("secnd2"), 500);

  const auto entries = read(0);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(parse_offset("first1", offset_of(entries[0])), 10U);
}

TEST_F(EventLogBusTest, NobodyResumesFromAnEarlierEpoch) {
  append_at({10});
  log_.begin_epoch(epoch_named("secnd2"), 500);
  append_at({501});
  read_all();

  EXPECT_FALSE(reaches(10));
  EXPECT_FALSE(reaches(499));
  EXPECT_TRUE(reaches(500));
  Positions positions;
  EXPECT_EQ(replay(499, no_limits, positions).end, EventLog::ReplayEnd::overtaken);
  EXPECT_EQ(replay(500, no_limits, positions).end, EventLog::ReplayEnd::complete);
  EXPECT_EQ(positions, Positions{501});
}

TEST_F(EventLogBusTest, AnEpochThatSaysNoPlaceBeginsAtTheHead) {
  append_at({1'000});
  log_.begin_epoch(epoch_named("secnd2"), 0);
  append_at({0});
  const auto entries = read(0);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[1].position, 1'001U);
  EXPECT_EQ(entries[2].position, 1'002U);
  EXPECT_FALSE(reaches(1'000));
  EXPECT_TRUE(reaches(1'001));
}

// ---- threads

// One thread is the bus, which appends, passes, loses and begins epochs; workers sleep and are woken. Every
// worker reads the same, and nobody is left asleep with something to read.
TEST(EventLogBusThreads, AllWorkersReadTheSameWhateverTheBusDoes) {
  constexpr unsigned workers = 3;
  constexpr Position rounds = 2'000;
  constexpr Position last = rounds * 10;
  const SystemClock clock;
  std::array<std::atomic<bool>, workers> woken{};
  EventLog log({.workers_count = workers, .follows_bus = true}, clock, [&](unsigned worker) {
    woken[worker].store(true, std::memory_order_release);
    woken[worker].notify_one();
  });
  for (unsigned worker = 0; worker < workers; ++worker) static_cast<void>(log.join(worker, "/", "a"));
  std::array<std::vector<std::pair<Position, EntryKind>>, workers> seen;
  std::vector<std::thread> threads;
  for (unsigned worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      std::vector<LogEntry*> entries;
      std::vector<EventLog::Delivered> delivered;
      while (seen[worker].empty() || seen[worker].back().first < last) {
        log.begin_turn(worker);
        entries.clear();
        delivered.clear();
        log.read(worker, 16, entries);
        for (LogEntry* const entry : entries) {
          seen[worker].emplace_back(entry->position, entry->kind);
          delivered.push_back({entry, 1});
        }
        log.report(worker, delivered);
        if (!log.prepare_to_sleep(worker) || (!seen[worker].empty() && seen[worker].back().first >= last))
          continue;
        woken[worker].wait(false, std::memory_order_acquire);
        woken[worker].store(false, std::memory_order_relaxed);
      }
    });
  }

  for (Position round = 1; round <= rounds; ++round) {
    const Position position = round * 10;
    log.pass(position - 5);
    if (round % 7 == 0) log.lose(position - 3);
    if (round % 50 == 0) log.begin_epoch(Epoch::random(), position - 1);
    NewEvent event = event_at(position);
    log.append(std::span(&event, 1));
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(seen[0].size(), rounds + rounds / 7 + rounds / 50);
  EXPECT_EQ(seen[1], seen[0]);
  EXPECT_EQ(seen[2], seen[0]);
}

}  // namespace
}  // namespace relay
