// The bus end to end: two nodes of one process over a Redis of their own.

#include "cluster/redis_bus.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/bus_publisher.h"
#include "cluster/silent_log.h"
#include "redis/redis_connection_fixture.h"
#include "relay/event_encoder.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

constexpr std::string_view secret = "the secret of this cluster";

// That something has happened, on whatever thread.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    ++rings_;
    rung_.notify_all();
  }
  // Returns with the next ring, or when what rings no bell may have happened.
  void wait() {
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, milliseconds(20), [&] { return rings_ != heard_; });
    heard_ = rings_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable rung_;
  unsigned rings_ = 0;
  unsigned heard_ = 0;
};

// A node with one worker, which is the test's thread, and whose one socket is in the room `r`.
class BusNode final : private BusObserver {
 public:
  BusNode(const std::string& name, RedisBusOptions options, const Clock& clock, Log& lines, Bell& bell)
      : bell_(bell),
        log({.workers_count = 1, .follows_bus = true}, clock, [&bell](unsigned) { bell.ring(); }),
        bus(with_name(std::move(options), name), clock, lines),
        port(bus.make_port(0)) {
    static_cast<void>(log.join(0, "/", "r"));
    bus.start(log, *this);
  }
  ~BusNode() override { bus.stop(); }

  // Of the worker.
  void turn() {
    std::vector<std::move_only_function<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (auto& task : tasks) task();
    log.begin_turn(0);
    std::vector<LogEntry*> entries;
    std::vector<EventLog::Delivered> delivered;
    log.read(0, 1'000, entries);
    for (LogEntry* const entry : entries) {
      read.push_back(text_of(*entry));
      positions.push_back(entry->position);
      delivered.push_back({entry, 1});
    }
    log.report(0, delivered);
    std::vector<PublishOutcome> taken;
    log.take_outcomes(0, taken);
    std::ranges::move(taken, std::back_inserter(outcomes));
    static_cast<void>(log.prepare_to_sleep(0));
  }
  void publish(const std::string& name, Handle ticket = no_handle, const std::string& nonce = {},
               const std::string& payload = "1") {
    EncodedEvent encoded =
        encode_event({.type = name, .payload_json = payload, .issued_at = "then"}, {.bare_payload = true});
    NewEvent event{.audience = {.rooms = {"r"}},
                   .packet = std::move(encoded.packet),
                   .offset_at = encoded.offset_at,
                   .ticket = {.worker = 0, .handle = ticket}};
    if (!nonce.empty())
      event.once = std::make_shared<const OnceKey>(OnceKey{nonce, "print of " + payload, "then"});
    port->publish(std::move(event));
    port->flush();
  }
  [[nodiscard]] const PublishOutcome* outcome_of(Handle ticket) const {
    const auto found = std::ranges::find(outcomes, ticket, &PublishOutcome::handle);
    return found == outcomes.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::int64_t others() const { return bus.probe().nodes.value(); }
  [[nodiscard]] std::size_t ready_count() {
    const std::lock_guard lock(mutex_);
    return ready_count_;
  }

 private:
  static RedisBusOptions with_name(RedisBusOptions options, const std::string& name) {
    options.self.name = name;
    return options;
  }
  static std::string text_of(const LogEntry& entry) {
    if (entry.kind == EntryKind::loss) return "(loss)";
    if (entry.kind == EntryKind::new_epoch) return "(new epoch)";
    return std::string(entry.packet->payload());
  }

  void on_bus_ready() override {
    {
      const std::lock_guard lock(mutex_);
      ++ready_count_;
    }
    bell_.ring();
  }
  void on_question(std::string_view kind, std::string_view question,
                   std::move_only_function<void(std::string)> reply) override {
    if (kind != "silence")
      reply(bus.options().self.name + " heard " + std::string(kind) + ' ' + std::string(question));
  }
  void count(NodeNews& news) override { news.sessions = 1; }
  void run_on_worker(unsigned /*worker*/, std::move_only_function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    bell_.ring();
  }

  Bell& bell_;
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> tasks_;  // guarded by mutex_
  std::size_t ready_count_ = 0;                         // guarded by mutex_

 public:
  EventLog log;
  RedisBus bus;
  std::unique_ptr<ClusterBus> port;
  Texts read;  // the packets in the order of the log, with their offsets
  std::vector<Position> positions;
  std::vector<PublishOutcome> outcomes;
};

// `connection_` of the fixture is an administrator's.
class RedisBusTest : public RedisConnectionFixture, public ::testing::WithParamInterface<BusAdapter> {
 protected:
  void SetUp() override {
    RedisConnectionFixture::SetUp();
    server_ = std::make_unique<RedisServer>();
    ASSERT_TRUE(server_->runs()) << server_->output();
    ASSERT_TRUE(connect(*server_));
  }
  ~RedisBusTest() override { nodes_.clear(); }

  virtual BusAdapter adapter() { return GetParam(); }
  RedisBusOptions bus_options() {
    RedisBusOptions options;
    options.url.endpoints = {server_->endpoint()};
    options.adapter = adapter();
    options.key_prefix = "bus";
    options.cluster_secret = secret;
    options.timeout = timeout_;
    options.self.version = "1.0.0";
    return options;
  }
  BusNode& add(const std::string& name) { return add(name, bus_options()); }
  BusNode& add(const std::string& name, RedisBusOptions options) {
    return *nodes_.emplace_back(
        std::make_unique<BusNode>(name, std::move(options), clock_, log_.lines(), bell_));
  }
  std::pair<BusNode&, BusNode&> add_two() {
    BusNode& a = add("a");
    EXPECT_TRUE(await([&] { return a.bus.is_ready(); }));
    BusNode& b = add("b");
    EXPECT_TRUE(await([&] { return b.bus.is_ready() && a.others() == 1 && b.others() == 1; }));
    return {a, b};
  }
  bool await(const std::function<bool()>& condition) {
    const SteadyTime deadline = clock_.steady() + std::chrono::seconds(20);
    for (;;) {
      for (const auto& node : nodes_) node->turn();
      if (condition()) return true;
      if (clock_.steady() > deadline) return false;
      bell_.wait();
    }
  }
  bool await_same(BusNode& a, BusNode& b, std::size_t count) {
    const bool came = await([&] { return a.read.size() >= count && b.read.size() >= count; });
    EXPECT_EQ(a.read, b.read);
    EXPECT_EQ(a.positions, b.positions);
    EXPECT_EQ(a.read.size(), count);
    return came && a.read == b.read;
  }
  std::optional<PublishFate> await_fate(BusNode& node, Handle ticket) {
    EXPECT_TRUE(await([&] { return node.outcome_of(ticket) != nullptr; }));
    const PublishOutcome* const outcome = node.outcome_of(ticket);
    return outcome == nullptr ? std::nullopt : std::optional(outcome->fate);
  }
  // The ids of the connections of that role, in the order in which they were made.
  Texts connections(const std::string& role) {
    Texts ids;
    const std::string list = ask({"CLIENT", "LIST"}).text;
    for (std::size_t at = 0; (at = list.find("id=", at)) != std::string::npos;) {
      const std::string line = list.substr(at, list.find('\n', at) - at);
      if (line.contains(" name=socket-relay:" + role + " "))
        ids.push_back(line.substr(3, line.find(' ') - 3));
      at += line.size();
    }
    return ids;
  }

  milliseconds timeout_{2'000};
  std::unique_ptr<RedisServer> server_;
  Bell bell_;
  SilentLog log_{clock_};
  std::vector<std::unique_ptr<BusNode>> nodes_;
};

INSTANTIATE_TEST_SUITE_P(Adapters, RedisBusTest, ::testing::Values(BusAdapter::pubsub, BusAdapter::streams),
                         [](const auto& tested) {
                           return tested.param == BusAdapter::pubsub ? "pubsub" : "streams";
                         });

TEST_P(RedisBusTest, AnEventReachesAllLogsAtTheSamePlace) {
  auto [a, b] = add_two();

  a.publish("hello", 7);

  ASSERT_TRUE(await_same(a, b, 1));
  EXPECT_TRUE(a.read[0].starts_with(R"(42["hello",1,")")) << a.read[0];
  EXPECT_EQ(await_fate(a, 7), PublishFate::accepted);
  EXPECT_EQ(a.outcome_of(7)->position, a.positions[0]);
  const OffsetText offset = format_offset(a.outcome_of(7)->epoch.text(), a.positions[0]);
  EXPECT_TRUE(b.read[0].contains(std::string(offset.begin(), offset.end()))) << b.read[0];
  EXPECT_EQ(a.outcome_of(7)->recipients, 1U) << "of this node";
  EXPECT_TRUE(b.outcomes.empty());
}

TEST_P(RedisBusTest, AllLogsHaveOneOrder) {
  auto [a, b] = add_two();
  constexpr std::size_t rounds = 200;
  for (std::size_t i = 1; i <= rounds; ++i) {
    a.publish("of a", i, {}, std::to_string(i));
    b.publish("of b", i, {}, std::to_string(i));
  }
  ASSERT_TRUE(await_same(a, b, 2 * rounds));
  EXPECT_TRUE(await([&] { return a.outcomes.size() == rounds && b.outcomes.size() == rounds; }));
  EXPECT_TRUE(std::ranges::is_sorted(a.positions));
  EXPECT_EQ(std::ranges::adjacent_find(a.positions), a.positions.end());
}

TEST_P(RedisBusTest, ANonceTakesEffectOnceInTheWholeCluster) {
  auto [a, b] = add_two();
  a.publish("hello", 1, "nonce-01");
  ASSERT_EQ(await_fate(a, 1), PublishFate::accepted);
  const OffsetText offset = format_offset(a.outcome_of(1)->epoch.text(), a.outcome_of(1)->position);

  b.publish("hello", 2, "nonce-01");
  b.publish("hello", 3, "nonce-01", "2");

  EXPECT_EQ(await_fate(b, 2), PublishFate::duplicate);
  EXPECT_EQ(b.outcome_of(2)->earlier->offset, std::string(offset.begin(), offset.end()));
  EXPECT_EQ(await_fate(b, 3), PublishFate::conflict);
  b.publish("last", 4);
  ASSERT_EQ(await_fate(b, 4), PublishFate::accepted);
  EXPECT_TRUE(await_same(a, b, 2));
}

TEST_P(RedisBusTest, WhenInStepTheLogHasWhatWasOnTheBus) {
  auto [a, b] = add_two();
  for (Handle ticket = 1; ticket <= 20; ++ticket) b.publish("hello", ticket);
  ASSERT_TRUE(await([&] { return b.outcomes.size() == 20; }));
  std::size_t in_the_log = 0;
  bool is_in_step = false;

  EXPECT_FALSE(a.port->sync([&] {
    is_in_step = true;
    a.turn();
    in_the_log = a.read.size();
  }));

  ASSERT_TRUE(await([&] { return is_in_step; }));
  EXPECT_EQ(in_the_log, 20U);
}

TEST_P(RedisBusTest, ManySyncsAreAllCalled) {
  BusNode& a = add("a");
  ASSERT_TRUE(await([&] { return a.bus.is_ready(); }));
  int called = 0;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(a.port->sync([&] { ++called; }));
  EXPECT_TRUE(await([&] { return called == 50; }));
}

TEST_P(RedisBusTest, NodesKnowEachOtherAndAnswer) {
  auto [a, b] = add_two();
  std::optional<ClusterAnswers> answers;
  const auto ask_all = [&](const std::string& kind, milliseconds timeout) {
    answers.reset();
    std::mutex mutex;
    std::optional<ClusterAnswers> came;
    a.bus.ask_all(kind, "q", timeout, [&](ClusterAnswers all) {
      const std::lock_guard lock(mutex);
      came = std::move(all);
      bell_.ring();
    });
    ASSERT_TRUE(await([&] {
      const std::lock_guard lock(mutex);
      return came.has_value();
    }));
    const std::lock_guard lock(mutex);
    answers = std::move(came);
  };

  ask_all("who", milliseconds(5'000));
  ASSERT_EQ(answers->answers.size(), 1U);
  EXPECT_EQ(answers->answers[0].node, "b");
  EXPECT_EQ(answers->answers[0].bytes, "b heard who q");
  EXPECT_TRUE(answers->missing.empty());

  ask_all("silence", milliseconds(100));
  EXPECT_TRUE(answers->answers.empty());
  EXPECT_EQ(answers->missing, Texts{"b"});
}

TEST_P(RedisBusTest, ASocketIsFreeWhenTheOthersHaveAnswered) {
  BusNode& a = add("a");
  ASSERT_TRUE(await([&] { return a.bus.is_ready(); }));
  EXPECT_TRUE(a.port->free_socket("/", "~AAsomebody-somebody", [] { FAIL() << "there is nobody to ask"; }));

  BusNode& b = add("b");
  ASSERT_TRUE(await([&] { return b.bus.is_ready() && a.others() == 1; }));
  bool is_free = false;
  EXPECT_FALSE(a.port->free_socket("/", "~AAsomebody-somebody", [&] { is_free = true; }));
  EXPECT_TRUE(await([&] { return is_free; }));
}

TEST_P(RedisBusTest, WhoStopsSaysSo) {
  auto [a, b] = add_two();
  b.publish("hello", 1);
  b.bus.drain();
  ASSERT_EQ(await_fate(b, 1), PublishFate::accepted) << "what was on its way has come back";
  b.bus.stop();
  EXPECT_TRUE(await([&] { return a.others() == 0; }));
}

TEST_P(RedisBusTest, AnotherSecretIsAnotherCluster) {
  auto [a, b] = add_two();
  RedisBusOptions options = bus_options();
  options.cluster_secret = "the secret of another cluster";
  BusNode& stranger = add("stranger", options);
  ASSERT_TRUE(await([&] { return stranger.bus.is_ready(); }));

  stranger.publish("hello", 1);
  ASSERT_EQ(await_fate(stranger, 1), PublishFate::accepted);
  a.publish("from a", 1);

  const auto has_it = [](const BusNode& node) {
    return std::ranges::any_of(node.read, [](const auto& text) { return text.contains("from a"); });
  };
  EXPECT_TRUE(await([&] { return has_it(a) && has_it(b); }));
  for (const BusNode* const node : {&a, &b}) {
    EXPECT_TRUE(std::ranges::none_of(node->read, [](const auto& text) { return text.contains("hello"); }));
  }
  EXPECT_EQ(stranger.others(), 0);
  EXPECT_EQ(a.others(), 1);
}

// ---- what breaks

TEST_P(RedisBusTest, IsReadyAgainWhenItsConnectionsWereEnded) {
  auto [a, b] = add_two();
  const std::size_t before = a.ready_count();
  for (const char* const type : {"normal", "pubsub"}) {
    EXPECT_TRUE(ask({"CLIENT", "KILL", "TYPE", type, "SKIPME", "yes"}).is_ok());
  }
  ASSERT_TRUE(await([&] { return a.ready_count() > before && a.bus.is_ready() && b.bus.is_ready(); }));

  a.publish("again", 1);
  b.publish("again", 2);

  EXPECT_EQ(await_fate(a, 1), PublishFate::accepted);
  EXPECT_EQ(await_fate(b, 2), PublishFate::accepted);
  EXPECT_TRUE(await_same(a, b, 2));
}

TEST_P(RedisBusTest, WhatIsPublishedWhileItsConnectionsBreakComesOnce) {
  timeout_ = milliseconds(15'000);
  auto [a, b] = add_two();
  Handle ticket = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) {
      ++ticket;
      a.publish("hello", ticket, {}, std::to_string(ticket));
    }
    for (const std::string& id : connections("publish")) {
      static_cast<void>(ask({"CLIENT", "KILL", "ID", id}));
    }
  }
  ASSERT_TRUE(await([&] { return a.outcomes.size() == ticket; }));
  for (const PublishOutcome& outcome : a.outcomes) EXPECT_EQ(outcome.fate, PublishFate::accepted);
  EXPECT_TRUE(await_same(a, b, ticket));
}

TEST_P(RedisBusTest, ARedisThatHasForgottenEverythingBeginsANewEpoch) {
  auto [a, b] = add_two();
  a.publish("before", 1);
  ASSERT_TRUE(await_same(a, b, 1));
  const Epoch first = a.log.epoch();
  const std::size_t ready_before = b.ready_count();
  const std::uint16_t port = server_->port();
  server_.reset();
  ASSERT_TRUE(await([&] { return !a.bus.is_ready() && !b.bus.is_ready(); }));

  server_ = std::make_unique<RedisServer>(RedisServerStart{.port = port});
  ASSERT_TRUE(server_->runs()) << server_->output();
  ASSERT_TRUE(await([&] { return a.bus.is_ready() && b.bus.is_ready() && b.ready_count() > ready_before; }));
  a.publish("after", 2);

  ASSERT_EQ(await_fate(a, 2), PublishFate::accepted);
  const auto has_it = [](const BusNode& node) { return node.read.back().contains("after"); };
  ASSERT_TRUE(await([&] { return has_it(a) && has_it(b); }));
  EXPECT_EQ(a.read[1], "(new epoch)");
  EXPECT_EQ(b.read[1], "(new epoch)");
  EXPECT_NE(a.log.epoch(), first);
  EXPECT_EQ(a.log.epoch(), b.log.epoch());
  EXPECT_EQ(a.read.back(), b.read.back()) << "at the same offset";
}

TEST_P(RedisBusTest, NumbersThatGoBackEndTheEpochAndLoseNothing) {
  auto [a, b] = add_two();
  a.publish("before", 1);
  ASSERT_TRUE(await_same(a, b, 1));
  const Epoch first = a.log.epoch();
  const RedisReply number = ask({"HGET", "bus#relay:state", "number"});
  ASSERT_TRUE(
      ask({"HSET", "bus#relay:state", "number", std::to_string(std::stoull(number.text) - 1)}).is_ok());

  a.publish("again", 2);
  ASSERT_EQ(await_fate(a, 2), PublishFate::accepted);

  const auto has_it = [](const BusNode& node) {
    return std::ranges::any_of(node.read, [](const std::string& line) { return line.contains("again"); });
  };
  ASSERT_TRUE(await([&] { return has_it(a) && has_it(b) && a.log.epoch() != first; }));
  EXPECT_TRUE(await([&] { return a.log.epoch() == b.log.epoch(); }));
}

TEST_P(RedisBusTest, IsNotDoneWhileThereIsNoRedis) {
  RedisBusOptions options = bus_options();
  options.url.endpoints = {{"127.0.0.1", RedisServer::free_port()}};
  options.timeout = milliseconds(300);
  BusNode& a = add("a", options);
  a.publish("hello", 1);
  EXPECT_EQ(await_fate(a, 1), PublishFate::unavailable);
  EXPECT_FALSE(a.bus.is_ready());
  EXPECT_TRUE(a.read.empty());
}

// ---- gaps, which only pub/sub has

class RedisBusGapTest : public RedisBusTest {
 protected:
  BusAdapter adapter() override { return BusAdapter::pubsub; }

  // Ends these connections, and publishes before anybody can come back.
  void publish_behind(const Texts& victims, const Texts& names) {
    const std::string info = ask({"INFO", "server"}).text;
    const std::size_t at = info.find("run_id:") + 7;
    const std::string run = info.substr(at, info.find_first_of("\r\n", at) - at);
    const BusMac mac(secret);
    const BusFormat format({.adapter = BusAdapter::pubsub, .key_prefix = "bus", .mac = &mac});
    std::vector<BusMessage> messages;
    for (const std::string& name : names) {
      auto message = format.encode({.sender = "third",
                                    .rooms = {"r"},
                                    .name = name,
                                    .arguments_json = "1",
                                    .number = messages.size() + 1});
      ASSERT_TRUE(message.has_value());
      messages.push_back(std::move(*message));
    }
    const PublishScript script({.key_prefix = "bus"});
    static_cast<void>(connection_->send({"MULTI"}, {}));
    for (const std::string& id : victims) {
      static_cast<void>(connection_->send({"CLIENT", "KILL", "ID", id}, {}));
    }
    static_cast<void>(connection_->send(
        script.whole(
            {.uid = "third", .number = 1, .epoch_candidate = "never1", .run = run, .messages = messages}),
        {}));
    const RedisReply reply = ask({"EXEC"});
    ASSERT_EQ(reply.elements.size(), victims.size() + 1) << reply.text;
    const auto result = script.parse(reply.elements.back(), names.size());
    ASSERT_TRUE(result.has_value()) << result.error();
    EXPECT_NE(result->epoch, "never1");
  }
};

INSTANTIATE_TEST_SUITE_P(Pubsub, RedisBusGapTest, ::testing::Values(BusAdapter::pubsub));

TEST_P(RedisBusGapTest, WhatOneHasMissedItGetsFromTheOther) {
  auto [a, b] = add_two();
  const Texts subscribers = connections("subscribe");
  ASSERT_EQ(subscribers.size(), 2U);

  publish_behind({subscribers[1]}, {"missed 1", "missed 2"});
  ASSERT_TRUE(await([&] { return b.read.size() >= 2; }));
  a.publish("after", 1);

  ASSERT_TRUE(await_same(a, b, 3));
  EXPECT_TRUE(b.read[0].starts_with(R"(42["missed 1")")) << b.read[0];
  EXPECT_GE(b.bus.probe().filled.value(), 2U);
  EXPECT_EQ(b.bus.probe().lost.value(), 0U);
}

TEST_P(RedisBusGapTest, WhatNobodyHasIsALossInItsPlaceOnAll) {
  auto [a, b] = add_two();
  a.publish("before", 1);
  ASSERT_TRUE(await_same(a, b, 1));
  const Position last = a.positions[0];

  publish_behind(connections("subscribe"), {"lost 1", "lost 2"});
  ASSERT_TRUE(await([&] { return a.read.size() >= 2 && b.read.size() >= 2; }));
  a.publish("after", 2);

  ASSERT_EQ(await_fate(a, 2), PublishFate::accepted);
  ASSERT_TRUE(await([&] { return a.read.size() == 3 && b.read.size() == 3; }));
  EXPECT_EQ(a.read, b.read);
  EXPECT_EQ(a.read[1], "(loss)");
  EXPECT_GE(a.positions[1], last + 2);
  EXPECT_GE(a.bus.probe().lost.value(), 2U);
  const std::vector<std::string_view> rooms{"r"};
  EXPECT_FALSE(a.log.reaches({"/", rooms, "~AAsomebody-somebody"}, last));
  EXPECT_TRUE(a.log.reaches({"/", rooms, "~AAsomebody-somebody"}, a.positions[1]));
}

}  // namespace
}  // namespace relay
