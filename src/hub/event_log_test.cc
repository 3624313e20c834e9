#include "hub/event_log.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "hub/socket_id.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

NewEvent event_for(const std::string& room, Handle ticket = no_handle, unsigned worker = 0) {
  auto packet = std::make_shared<EncodedPacket>();
  packet->bytes = "x" + std::string(offset_length, '.');
  return {
      .audience = {.rooms = {room}}, .packet = std::move(packet), .offset_at = 1, .ticket = {worker, ticket}};
}

class EventLogTest : public ::testing::Test {
 protected:
  EventLog make(unsigned workers, seconds window = seconds(120), std::size_t bytes = 1 << 26) {
    return EventLog({.workers_count = workers, .retention_window = window, .retained_bytes_max = bytes},
                    clock_, [this](unsigned worker) { woken_.push_back(worker); });
  }
  static void append(EventLog& log, NewEvent event) { log.append(std::span(&event, 1)); }
  static std::vector<Position> read(EventLog& log, unsigned worker, std::size_t recipients = 1) {
    std::vector<LogEntry*> entries;
    log.read(worker, 100, entries);
    std::vector<Position> positions;
    std::vector<EventLog::Delivered> delivered;
    for (LogEntry* const entry : entries) {
      positions.push_back(entry->position);
      delivered.push_back({entry, recipients});
    }
    log.report(worker, delivered);
    return positions;
  }
  static std::vector<PublishOutcome> outcomes(EventLog& log, unsigned worker) {
    std::vector<PublishOutcome> taken;
    log.take_outcomes(worker, taken);
    return taken;
  }

  ManualClock clock_;
  std::vector<unsigned> woken_;
};

TEST_F(EventLogTest, GivesEachWorkerWhatConcernsItInOneOrder) {
  EventLog log = make(2);
  static_cast<void>(log.join(0, "/", "a"));
  static_cast<void>(log.join(1, "/", "b"));
  static_cast<void>(log.join(0, "/", "both"));
  static_cast<void>(log.join(1, "/", "both"));

  for (const char* room : {"a", "b", "both", "nobody", "a"}) append(log, event_for(room));

  EXPECT_EQ(read(log, 0), (std::vector<Position>{1, 3, 5}));
  EXPECT_EQ(read(log, 1), (std::vector<Position>{2, 3}));
  EXPECT_FALSE(log.has_unread(0));
}

TEST_F(EventLogTest, WritesTheOffsetIntoTheFrame) {
  EventLog log = make(1);
  static_cast<void>(log.join(0, "/", "a"));
  append(log, event_for("a"));

  std::vector<LogEntry*> entries;
  log.read(0, 10, entries);

  EXPECT_EQ(parse_offset(log.epoch().text(), std::string_view(entries.at(0)->packet->bytes).substr(1)), 1U);
}

TEST_F(EventLogTest, AnswersWhenEveryConcernedWorkerHasReported) {
  EventLog log = make(3);
  static_cast<void>(log.join(0, "/", "a"));
  static_cast<void>(log.join(1, "/", "a"));
  append(log, event_for("a", 77, 2));

  EXPECT_EQ(read(log, 0, 5).size(), 1U);
  EXPECT_TRUE(outcomes(log, 2).empty());
  EXPECT_EQ(read(log, 1, 7).size(), 1U);

  const auto done = outcomes(log, 2);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].handle, 77U);
  EXPECT_EQ(done[0].fate, PublishFate::accepted);
  EXPECT_EQ(done[0].recipients, 12U);
}

TEST_F(EventLogTest, AnEventForNobodyIsAcceptedAtOnce) {
  EventLog log = make(1);
  append(log, event_for("nobody", 5));
  const auto done = outcomes(log, 0);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].recipients, 0U);
}

TEST_F(EventLogTest, WakesAConcernedSleeperOnceAndNobodyElse) {
  EventLog log = make(3);
  static_cast<void>(log.join(1, "/", "a"));
  static_cast<void>(log.join(2, "/", "b"));
  for (unsigned worker = 0; worker < 3; ++worker) EXPECT_TRUE(log.prepare_to_sleep(worker));

  append(log, event_for("a"));
  append(log, event_for("a"));

  EXPECT_EQ(woken_, std::vector<unsigned>{1});
  log.begin_turn(1);
  EXPECT_EQ(read(log, 1), (std::vector<Position>{1, 2}));
}

TEST_F(EventLogTest, AWorkerThatHasSomethingToReadDoesNotSleep) {
  EventLog log = make(1);
  static_cast<void>(log.join(0, "/", "a"));
  append(log, event_for("b"));
  EXPECT_TRUE(log.prepare_to_sleep(0));
  log.begin_turn(0);
  append(log, event_for("a"));
  EXPECT_FALSE(log.prepare_to_sleep(0));
}

TEST_F(EventLogTest, AMemberGetsWhatComesAfterItsJoinAndNothingBefore) {
  EventLog log = make(1);
  append(log, event_for("a"));
  const Position head = log.join(0, "/", "a");
  EXPECT_EQ(head, 2U);
  append(log, event_for("a"));
  EXPECT_EQ(read(log, 0), (std::vector<Position>{2}));
}

TEST_F(EventLogTest, TheLastClaimOfASocketGetsIt) {
  EventLog log = make(4);
  const std::string socket(SocketId::make(1).text());
  const auto first = log.claim_socket("/", socket);
  EXPECT_EQ(first.holders, 0b10U) << "where its id says it lives";
  const auto second = log.claim_socket("/", socket);
  EXPECT_FALSE(log.settle_claim(0, "/", socket, first.number));
  log.abandon_claim(socket, first.number);
  EXPECT_EQ(log.settle_claim(2, "/", socket, second.number), log.head());
  EXPECT_FALSE(log.settle_claim(2, "/", socket, second.number)) << "settled already";
  EXPECT_EQ(log.claim_socket("/", socket).holders, 0b110U) << "it lives on 2 now";
  append(log, event_for(socket));
  EXPECT_EQ(read(log, 2).size(), 1U);
}

TEST_F(EventLogTest, NeverEvictsWhatAWorkerHasNotRead) {
  EventLog log = make(1, seconds(0));
  static_cast<void>(log.join(0, "/", "a"));
  append(log, event_for("a"));
  append(log, event_for("a"));
  std::vector<LogEntry*> entries;
  log.read(0, 1, entries);
  append(log, event_for("a"));
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0]->position, 1U);  // still there, being read
  std::vector<EventLog::Delivered> delivered{{entries[0], 1}};
  log.report(0, delivered);
  EXPECT_EQ(read(log, 0), (std::vector<Position>{2, 3}));
}

TEST_F(EventLogTest, AVolatileEventIsNotRetained) {
  EventLog log = make(1);
  static_cast<void>(log.join(0, "/", "a"));
  NewEvent event = event_for("a");
  event.is_volatile = true;
  append(log, std::move(event));
  append(log, event_for("a"));
  EXPECT_EQ(read(log, 0).size(), 2U);
  EXPECT_EQ(log.levels().retained_events, 1U);
}

TEST_F(EventLogTest, RefusesWhenAWorkerLagsTooFarBehind) {
  EventLog log = make(2);
  static_cast<void>(log.join(0, "/", "a"));
  EXPECT_TRUE(log.prepare_to_sleep(1));
  NewEvent large = event_for("a", 1, 0);
  large.packet->bytes.resize(EventLog::lag_bytes_max + 1);
  append(log, std::move(large));  // nobody lagged before it

  append(log, event_for("a", 2, 0));

  const auto done = outcomes(log, 0);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].handle, 2U);
  EXPECT_EQ(done[0].fate, PublishFate::overloaded);
  EXPECT_EQ(read(log, 0).size(), 1U);
  append(log, event_for("a", 3, 0));
  EXPECT_EQ(read(log, 0).size(), 1U);
}

TEST_F(EventLogTest, ABusMayRefuse) {
  EventLog log = make(1);
  EXPECT_TRUE(log.prepare_to_sleep(0));
  log.refuse({0, 9}, PublishFate::unavailable);
  EXPECT_EQ(woken_, std::vector<unsigned>{0});
  EXPECT_EQ(outcomes(log, 0).at(0).fate, PublishFate::unavailable);
}

// Two workers that publish to each other's rooms at full speed: each sees every event once, and both the same
// order.
TEST(EventLogThreads, AllReadersSeeOneOrder) {
  constexpr unsigned workers = 4;
  constexpr std::size_t events_each = 5000;
  const SystemClock clock;
  std::array<std::atomic<int>, workers> wakes{};
  EventLog log({.workers_count = workers}, clock, [&](unsigned worker) { wakes[worker].fetch_add(1); });
  for (unsigned worker = 0; worker < workers; ++worker) static_cast<void>(log.join(worker, "/", "all"));
  std::array<std::vector<Position>, workers> seen;
  std::vector<std::thread> threads;
  for (unsigned worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      std::vector<LogEntry*> entries;
      std::vector<EventLog::Delivered> delivered;
      for (std::size_t published = 0; seen[worker].size() < workers * events_each;) {
        if (published < events_each) {
          ++published;
          NewEvent event = event_for("all", 1 + published, worker);
          log.append(std::span(&event, 1));
        }
        log.begin_turn(worker);
        entries.clear();
        delivered.clear();
        log.read(worker, 64, entries);
        for (LogEntry* const entry : entries) {
          seen[worker].push_back(entry->position);
          delivered.push_back({entry, 1});
        }
        log.report(worker, delivered);
        static_cast<void>(log.prepare_to_sleep(worker));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  for (unsigned worker = 0; worker < workers; ++worker) {
    EXPECT_EQ(seen[worker], seen[0]);
    std::vector<PublishOutcome> done;
    log.take_outcomes(worker, done);
    EXPECT_EQ(done.size(), events_each);
    for (const PublishOutcome& outcome : done) EXPECT_EQ(outcome.recipients, workers);
  }
}

}  // namespace
}  // namespace relay
