#include "cluster/cluster_control.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/silent_log.h"
#include "net/loop_turns.h"
#include "redis/redis_server_fixture.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

constexpr auto heartbeat_interval = milliseconds(2'000);
constexpr auto lease = milliseconds(10'000);

// One relay of a cluster, as far as control messages go: a connection to speak on, and one to hear.
class Node final : public RedisListener {
 public:
  struct Options {
    std::string uid;
    std::uint64_t started_at_ms = 1'000;
    SettingsFingerprint settings = {};
    std::string secret = "the secret of this cluster";
  };

  Node(EventLoop& loop, Log& log, const Options& options)
      : loop_(loop),
        mac(options.secret),
        control(loop,
                {.key_prefix = "bus",
                 .self = {.uid = options.uid,
                          .name = "name of " + options.uid,
                          .version = "1.0.0",
                          .started_at_ms = options.started_at_ms,
                          .settings = options.settings},
                 .heartbeat_interval = heartbeat_interval,
                 .lease = lease},
                mac, log, probe,
                {.count = [this](NodeNews& news) { news.sessions = sessions; },
                 .on_question =
                     [this](std::string_view kind, std::string_view question, ClusterControl::Reply reply) {
                       questions.emplace_back(std::string(kind) + ": " + std::string(question));
                       replies.push_back(std::move(reply));
                     }}) {}
  ~Node() override {
    for (auto* const connection : {&link_, &feed_}) {
      if (*connection) RedisConnection::end(std::move(*connection));
    }
  }

  void connect(const RedisServer& server) {
    for (auto* const connection : {&link_, &feed_}) {
      RedisListener& listener = *this;
      *connection = std::make_unique<RedisConnection>(
          loop_,
          RedisConnectionOptions{.server = server.endpoint(), .command_timeout = std::chrono::hours(24)},
          listener);
      (*connection)->start();
    }
  }
  // Redis has taken all that this node said.
  [[nodiscard]] bool is_all_said() const { return link_->pending_count() == 0; }
  // Calls back when all that Redis had for this node has been heard.
  void ping(std::function<void()> done) {
    ASSERT_TRUE(feed_->send({"PING"}, [done](const RedisReply&) { done(); }));
  }
  void on_redis_connected(RedisConnection& connection) override {
    if (&connection == link_.get()) {
      control.on_link_up(connection);
      speaks = true;
      return;
    }
    RedisCommand command({"SUBSCRIBE"});
    for (const std::string& channel : control.channels()) command.add(channel);
    ASSERT_TRUE(feed_->subscribe(command, [this](const RedisReply&) {
      control.say_hello();
      hears = true;
    }));
  }
  void on_redis_push(RedisConnection&, RedisReply& push) override {
    if (push.elements[0].text != "message") return;
    heard.emplace_back(push.elements[1].text, push.elements[2].text);
    control.on_message(push.elements[1].text, push.elements[2].text);
  }
  void on_redis_lost(RedisConnection& connection, std::string_view) override {
    if (&connection == link_.get()) control.on_link_down();
  }

  [[nodiscard]] Texts knows() const {
    Texts uids;
    for (const NodeNews& node : control.nodes().alive()) uids.push_back(node.uid);
    return uids;
  }
  [[nodiscard]] std::uint64_t rejected(RejectReason reason) const {
    return probe.rejected[std::to_underlying(reason)].value();
  }

 private:
  EventLoop& loop_;
  std::unique_ptr<RedisConnection> link_;
  std::unique_ptr<RedisConnection> feed_;

 public:
  const BusMac mac;
  BusProbe probe;
  std::uint64_t sessions = 0;
  Texts questions;
  std::vector<ClusterControl::Reply> replies;
  std::vector<std::pair<std::string, std::string>> heard;
  bool speaks = false;
  bool hears = false;
  ClusterControl control;
};

class ClusterControlTest : public ::testing::Test {
 protected:
  ~ClusterControlTest() override {
    nodes_.clear();
    loop_.destroy_closed();
  }

  Node& add(const Node::Options& options) {
    EXPECT_TRUE(server_.runs()) << server_.output();
    Node& node = *nodes_.emplace_back(std::make_unique<Node>(loop_, log_.lines(), options));
    node.connect(server_);
    EXPECT_TRUE(run_until([&] { return node.speaks && node.hears; }));
    return node;
  }
  // Two that know each other.
  std::pair<Node&, Node&> add_two() {
    Node& a = add({.uid = "a"});
    Node& b = add({.uid = "b"});
    EXPECT_TRUE(run_until([&] { return a.knows() == Texts{"b"} && b.knows() == Texts{"a"}; }));
    return {a, b};
  }
  void turn() { turn_once(loop_); }
  bool run_until(const std::function<bool()>& condition) {
    return turn_until([this] { turn(); }, condition);
  }
  // Until all that was said, and what it was answered with, has been heard.
  void settle() {
    for (bool is_quiet = false; !is_quiet;) {
      const std::size_t before = heard_count();
      ASSERT_TRUE(run_until([&] { return is_all_said(); }));
      std::size_t pongs = 0;
      for (const auto& node : nodes_) node->ping([&pongs] { ++pongs; });
      ASSERT_TRUE(run_until([&] { return pongs == nodes_.size(); }));
      is_quiet = is_all_said() && heard_count() == before;
    }
  }
  [[nodiscard]] bool is_all_said() const {
    return std::ranges::all_of(nodes_, [](const auto& node) { return node->is_all_said(); });
  }
  [[nodiscard]] std::size_t heard_count() const {
    std::size_t count = 0;
    for (const auto& node : nodes_) count += node->heard.size();
    return count;
  }
  void advance(milliseconds time) {
    clock_.advance(time);
    turn();
  }
  std::optional<SurveyResult>& ask(Node& node, std::string_view kind, std::string_view question,
                                   milliseconds timeout = milliseconds(1'000)) {
    auto& result = *results_.emplace_back(std::make_unique<std::optional<SurveyResult>>());
    node.control.ask_all(kind, question, timeout, [&result](SurveyResult came) {
      EXPECT_FALSE(result.has_value()) << "told twice";
      result = std::move(came);
    });
    return result;
  }
  static std::string payload_of(const BusMac& mac, const std::string& channel,
                                const ControlMessage& message) {
    return ControlCodec("bus", mac).encode(channel, message).value_or("");
  }

  const RedisServer server_;
  ManualClock clock_;
  EventLoop loop_{clock_, milliseconds(1)};
  SilentLog log_{clock_};
  std::vector<std::unique_ptr<std::optional<SurveyResult>>> results_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

// ---- who is there

TEST_F(ClusterControlTest, WhoSaysHelloIsAnsweredAndKnown) {
  Node& a = add({.uid = "a"});
  EXPECT_EQ(a.knows(), Texts{}) << "nobody knows oneself";
  a.sessions = 7;

  Node& b = add({.uid = "b"});

  EXPECT_TRUE(run_until([&] { return a.knows() == Texts{"b"} && b.knows() == Texts{"a"}; }))
      << "without waiting for a heartbeat";
  EXPECT_EQ(b.control.nodes().find("a")->name, "name of a");
  EXPECT_EQ(b.control.nodes().find("a")->sessions, 7U);
  EXPECT_EQ(a.probe.nodes.value(), 1);
}

TEST_F(ClusterControlTest, WhoSaysByeIsGoneAtOnce) {
  auto [a, b] = add_two();
  b.control.say_bye();
  EXPECT_TRUE(run_until([&] { return a.knows().empty(); }));
  EXPECT_EQ(a.probe.nodes.value(), 0);
}

TEST_F(ClusterControlTest, WhoIsHeardStaysAndWhoIsSilentForTheLeaseIsGone) {
  auto [a, b] = add_two();
  settle();
  for (milliseconds passed(0); passed < 2 * lease; passed += heartbeat_interval) {
    const std::size_t before = a.heard.size();
    advance(heartbeat_interval);
    b.control.tick();
    ASSERT_TRUE(run_until([&] { return a.heard.size() > before; })) << "a heartbeat is due";
    a.control.tick();
    EXPECT_EQ(a.knows(), Texts{"b"});
  }
  settle();
  advance(lease - milliseconds(1));
  a.control.tick();
  EXPECT_EQ(a.knows(), Texts{"b"});
  advance(milliseconds(1));
  a.control.tick();
  EXPECT_EQ(a.knows(), Texts{});
}

TEST_F(ClusterControlTest, ThereIsNoHeartbeatBeforeItIsDue) {
  auto [a, b] = add_two();
  settle();
  const std::size_t before = a.heard.size();
  advance(heartbeat_interval - milliseconds(1));
  b.control.tick();
  settle();
  EXPECT_EQ(a.heard.size(), before);
}

TEST_F(ClusterControlTest, NothingIsSaidWithoutAConnection) {
  auto [a, b] = add_two();
  settle();
  b.control.on_link_down();
  const std::size_t before = a.heard.size();
  b.control.say_hello();
  b.control.say_bye();
  advance(heartbeat_interval);
  b.control.tick();
  settle();
  EXPECT_EQ(a.heard.size(), before);
  EXPECT_EQ(a.knows(), Texts{"b"});
}

// ---- surveys

TEST_F(ClusterControlTest, ASurveyIsAnsweredByAllOthers) {
  auto [a, b] = add_two();
  Node& c = add({.uid = "c"});
  ASSERT_TRUE(run_until([&] { return a.knows() == (Texts{"b", "c"}); }));

  auto& result = ask(a, "who", "room 1");
  ASSERT_TRUE(run_until([&] { return b.replies.size() == 1 && c.replies.size() == 1; }));
  EXPECT_TRUE(a.questions.empty()) << "who asks is not asked";
  EXPECT_EQ(b.questions, Texts{"who: room 1"});
  b.replies[0]("b's answer");
  EXPECT_FALSE(result.has_value());
  c.replies[0]("");

  ASSERT_TRUE(run_until([&] { return result.has_value(); }));
  EXPECT_EQ(result->answers, (std::vector<SurveyAnswer>{{"b", "b's answer"}, {"c", ""}}));
  EXPECT_TRUE(result->missing.empty());
}

TEST_F(ClusterControlTest, ALongAnswerComesWhole) {
  auto [a, b] = add_two();
  std::string bytes;
  for (int i = 0; bytes.size() < 3 * ClusterControl::part_bytes_max; ++i) bytes += std::to_string(i);
  bytes.resize(3 * ClusterControl::part_bytes_max);

  auto& result = ask(a, "who", "");
  ASSERT_TRUE(run_until([&] { return b.replies.size() == 1; }));
  b.replies[0](bytes);

  ASSERT_TRUE(run_until([&] { return result.has_value(); }));
  ASSERT_EQ(result->answers.size(), 1U);
  EXPECT_TRUE(result->answers[0].bytes == bytes);
}

TEST_F(ClusterControlTest, ASurveyOfNobodyEndsAtOnce) {
  Node& a = add({.uid = "a"});
  auto& result = ask(a, "who", "");
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->answers.empty());
  EXPECT_TRUE(result->missing.empty());
}

TEST_F(ClusterControlTest, WhoDoesNotAnswerBeforeTheDeadlineIsMissing) {
  auto [a, b] = add_two();
  auto& result = ask(a, "who", "", milliseconds(500));
  ASSERT_TRUE(run_until([&] { return b.replies.size() == 1; }));
  advance(milliseconds(499));
  a.control.tick();
  EXPECT_FALSE(result.has_value());
  advance(milliseconds(1));
  a.control.tick();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->missing, Texts{"b"});

  b.replies[0]("too late");
  settle();
  EXPECT_TRUE(result->answers.empty());
}

TEST_F(ClusterControlTest, WhoDiesWhileItIsAskedIsMissingAtOnce) {
  auto [a, b] = add_two();
  settle();
  auto& result = ask(a, "who", "", 10 * lease);
  settle();
  advance(lease);
  a.control.tick();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->missing, Texts{"b"});

  Node& c = add({.uid = "c"});
  ASSERT_TRUE(run_until([&] { return a.control.nodes().find("c") != nullptr; }));
  auto& second = ask(a, "who", "", 10 * lease);
  b.control.say_bye();
  c.control.say_bye();
  ASSERT_TRUE(run_until([&] { return second.has_value(); }));
  EXPECT_TRUE(std::ranges::find(second->missing, "c") != second->missing.end());
}

TEST_F(ClusterControlTest, OneSurveyTooManyHasNoAnswers) {
  auto [a, b] = add_two();
  for (std::size_t i = 0; i < SurveyLimits().surveys_max; ++i) {
    EXPECT_FALSE(ask(a, "who", "", 10 * lease).has_value());
  }
  auto& result = ask(a, "who", "");
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->missing, Texts{"b"});
}

TEST_F(ClusterControlTest, AnAnswerThatIsNoneIsPassedOver) {
  auto [a, b] = add_two();
  auto& result = ask(a, "who", "");
  const std::string channel = ControlCodec("bus", b.mac).channel_of_node("a");
  std::uint64_t number = 1'000;
  const Texts bodies{"", "1", "1 ", "1 0", "1 0 ", "1 0 1", "x 0 1 ", "-1 0 1 ", "1 99999999999999999999 1 "};
  for (const std::string& body : bodies) {
    a.control.on_message(channel, payload_of(b.mac, channel, {"b", ++number, "answer", body}));
  }
  EXPECT_EQ(a.rejected(RejectReason::malformed), bodies.size());
  a.control.on_message(channel, payload_of(b.mac, channel, {"b", ++number, "answer", "77 0 1 of no survey"}));
  a.control.on_message(channel, payload_of(b.mac, channel, {"stranger", 1, "answer", "1 0 1 not asked"}));
  EXPECT_FALSE(result.has_value());
  a.control.on_message(channel, payload_of(b.mac, channel, {"b", ++number, "answer", "1 0 1 good"}));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->answers, (std::vector<SurveyAnswer>{{"b", "good"}}));
}

TEST_F(ClusterControlTest, AQuestionThatIsNoneIsPassedOver) {
  auto [a, b] = add_two();
  const std::string channel = ControlCodec("bus", b.mac).channel_of_all();
  std::uint64_t number = 1'000;
  for (const std::string& body : Texts{"", "1", "1 a", "1 a who", "a 1 who ", " 1 a who x"}) {
    a.control.on_message(channel, payload_of(b.mac, channel, {"b", ++number, "ask", body}));
  }
  EXPECT_EQ(a.rejected(RejectReason::malformed), 6U);
  EXPECT_TRUE(a.questions.empty());
}

TEST_F(ClusterControlTest, AQuestionIsForThoseItNames) {
  auto [a, b] = add_two();
  const std::string channel = ControlCodec("bus", b.mac).channel_of_all();
  std::uint64_t number = 1'000;
  for (const std::string& names : Texts{"", "c", "aa", "aa,b", "b,a,c", "c,a", "a"}) {
    a.control.on_message(channel,
                         payload_of(b.mac, channel, {"b", ++number, "ask", "1 " + names + " who " + names}));
  }
  EXPECT_EQ(a.questions, (Texts{"who: b,a,c", "who: c,a", "who: a"}));
  EXPECT_EQ(a.rejected(RejectReason::malformed), 0U);
}

// As somebody could who has recorded it: a relay that was started since knows nothing of who asked.
TEST_F(ClusterControlTest, AQuestionThatWasRecordedIsNoneForARelayThatStartedLater) {
  auto [a, b] = add_two();
  ask(a, "close", "a socket", 10 * lease);
  ASSERT_TRUE(run_until([&] { return b.replies.size() == 1; }));
  const auto question = b.heard.back();
  Node& later = add({.uid = "later"});

  later.control.on_message(question.first, question.second);

  EXPECT_TRUE(later.questions.empty());
  EXPECT_EQ(b.questions, Texts{"close: a socket"});
}

// ---- who is believed

TEST_F(ClusterControlTest, AMessageIsTakenOnce) {
  auto [a, b] = add_two();
  auto& result = ask(a, "who", "", 10 * lease);
  ASSERT_TRUE(run_until([&] { return b.replies.size() == 1; }));
  const auto question = b.heard.back();

  b.control.on_message(question.first, question.second);

  EXPECT_EQ(b.questions.size(), 1U);
  EXPECT_EQ(b.rejected(RejectReason::replayed), 1U);
  EXPECT_FALSE(result.has_value());
}

TEST_F(ClusterControlTest, AByeThatIsPlayedAgainEndsNobody) {
  auto [a, b] = add_two();
  b.control.say_bye();
  ASSERT_TRUE(run_until([&] { return a.knows().empty(); }));
  const auto bye = a.heard.back();
  b.control.say_hello();
  ASSERT_TRUE(run_until([&] { return a.knows() == Texts{"b"}; }));

  a.control.on_message(bye.first, bye.second);

  EXPECT_EQ(a.knows(), Texts{"b"});
}

TEST_F(ClusterControlTest, AMessageBelongsToItsChannel) {
  auto [a, b] = add_two();
  const ControlCodec codec("bus", b.mac);
  const std::string payload = payload_of(b.mac, codec.channel_of_node("c"), {"b", 1'000, "bye", ""});
  a.control.on_message(codec.channel_of_node("a"), payload);
  EXPECT_EQ(a.rejected(RejectReason::bad_mac), 1U);
  EXPECT_EQ(a.knows(), Texts{"b"});
}

TEST_F(ClusterControlTest, WhoHasNotTheSecretIsNotBelieved) {
  Node& a = add({.uid = "a"});
  Node& stranger = add({.uid = "stranger", .secret = "the secret of another cluster"});
  ASSERT_TRUE(run_until([&] { return a.rejected(RejectReason::bad_mac) > 0; }));
  a.control.say_hello();
  ASSERT_TRUE(run_until([&] { return stranger.rejected(RejectReason::bad_mac) > 0; }))
      << "it hears a's messages";
  EXPECT_EQ(a.knows(), Texts{});
  EXPECT_EQ(stranger.knows(), Texts{});
}

TEST_F(ClusterControlTest, WhatIsNotSignedIsNotBelieved) {
  Node& a = add({.uid = "a"});
  const std::string channel = a.control.channels().front();
  for (const std::string& payload : Texts{"", "hello", std::string(100, '\0')}) {
    a.control.on_message(channel, payload);
  }
  EXPECT_EQ(a.rejected(RejectReason::unsigned_), 3U);
  EXPECT_EQ(a.knows(), Texts{});
}

TEST_F(ClusterControlTest, WhatALaterVersionSaysIsPassedOver) {
  auto [a, b] = add_two();
  const std::string channel = a.control.channels().front();
  a.control.on_message(channel, payload_of(b.mac, channel, {"b", 1'000, "sing", "la"}));
  a.control.on_message(channel, payload_of(b.mac, channel, {"b", 1'001, "heartbeat", "no news"}));
  EXPECT_EQ(a.rejected(RejectReason::malformed), 1U) << "of a heartbeat";
  EXPECT_EQ(a.knows(), Texts{"b"});
}

// ---- settings

TEST_F(ClusterControlTest, WhoDiffersFromTheOldestWaits) {
  const SettingsFingerprint mine{{"ADAPTER", "00000001"}, {"EMIT_AS", "00000001"}, {"ENVELOPE", "00000001"}};
  const SettingsFingerprint theirs{
      {"ADAPTER", "00000001"}, {"EMIT_AS", "00000002"}, {"ENVELOPE", "00000002"}};
  Node& older = add({.uid = "z", .started_at_ms = 1'000, .settings = mine});
  Node& younger = add({.uid = "b", .started_at_ms = 1'001, .settings = theirs});
  Node& same = add({.uid = "y", .started_at_ms = 2'000, .settings = mine});
  ASSERT_TRUE(run_until(
      [&] { return older.knows().size() == 2 && younger.knows().size() == 2 && same.knows().size() == 2; }));

  EXPECT_EQ(older.control.disagreement(), "");
  EXPECT_EQ(younger.control.disagreement(), "EMIT_AS,ENVELOPE");
  EXPECT_TRUE(older.probe.agrees);
  EXPECT_FALSE(younger.probe.agrees);
  EXPECT_EQ(same.control.disagreement(), "")
      << "a newcomer that was set up wrong stops nobody who comes later";
}

TEST_F(ClusterControlTest, OfTwoOfTheSameAgeTheirNamesDecide) {
  Node& a = add({.uid = "a", .settings = {{"ADAPTER", "00000001"}}});
  Node& b = add({.uid = "b", .settings = {{"ADAPTER", "00000002"}}});
  ASSERT_TRUE(run_until([&] { return a.knows().size() == 1 && b.knows().size() == 1; }));
  EXPECT_EQ(a.control.disagreement(), "");
  EXPECT_EQ(b.control.disagreement(), "ADAPTER");
}

}  // namespace
}  // namespace relay
