#pragma once
// For tests: a publisher on a loop whose time moves only by hand, and a log without sockets. With a server,
// what is published comes back over a subscription, as long as `brings_back_`.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/bus_publisher.h"
#include "net/loop_turns.h"
#include "redis/redis_server_fixture.h"
#include "relay/event_encoder.h"

namespace relay {

class BusPublisherFixture : public ::testing::Test, public RedisListener {
 protected:
  using Names = std::vector<std::string>;

  static constexpr auto timeout = std::chrono::milliseconds(2'000);

  ~BusPublisherFixture() override {
    for (auto* const connection : {&link_, &feed_, &admin_}) end(*connection);
    loop_.destroy_closed();
  }

  // ---- the loop

  void turn() {
    turn_once(loop_);
    log_.take_outcomes(0, taken_);
    for (PublishOutcome& outcome : std::exchange(taken_, {})) outcomes_[outcome.handle].push_back(outcome);
  }
  bool run_until(const std::function<bool()>& condition) {
    return turn_until([this] { turn(); }, condition);
  }
  void advance(std::chrono::milliseconds time) {
    clock_.advance(time);
    turn();
    publisher_.tick();
    turn();
  }

  // ---- Redis

  void on_redis_connected(RedisConnection&) override { ++connected_; }
  void on_redis_lost(RedisConnection& connection, std::string_view) override {
    if (&connection == link_.get()) publisher_.on_link_down();
    ++lost_;
  }
  void on_redis_push(RedisConnection&, RedisReply& push) override {
    if (push.elements.size() != 4 || push.elements[0].text != "pmessage") return;
    const auto message = format_.decode({push.elements[2].text, push.elements[3].text});
    ASSERT_TRUE(message.has_value() && message->has_value());
    const BusEvent& event = (*message)->event;
    came_.push_back(event.name);
    marks_.push_back(format_.glance({push.elements[2].text, push.elements[3].text})->mark);
    last_number_ = event.position;
    if (!brings_back_) return;
    auto own = publisher_.take_back(event.number);
    if (!own) return;
    own->event.position = (*message)->position;
    log_.append(std::span(&own->event, 1));
    if (own->on_delivered) own->on_delivered();
  }
  void end(std::unique_ptr<RedisConnection>& connection) {
    if (connection) RedisConnection::end(std::exchange(connection, nullptr));
  }
  std::unique_ptr<RedisConnection> connect(const RedisServer& server, const std::string& user = {}) {
    RedisListener& listener = *this;
    auto connection = std::make_unique<RedisConnection>(
        loop_, RedisConnectionOptions{.server = server.endpoint(), .user = user, .password = user}, listener);
    const int before = connected_;
    connection->start();
    EXPECT_TRUE(run_until([&] { return connected_ > before; }));
    return connection;
  }
  RedisReply ask(const RedisServer& server, const RedisCommand& command) {
    if (!admin_) admin_ = connect(server);
    std::optional<RedisReply> answer;
    EXPECT_TRUE(admin_->send(command, [&](const RedisReply& reply) { answer = reply; }).has_value());
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(RedisReply{});
  }
  void listen(const RedisServer& server) {
    feed_ = connect(server);
    bool stands = false;
    ASSERT_TRUE(feed_->subscribe({"PSUBSCRIBE", "bus#/#*"}, [&](const RedisReply&) { stands = true; }));
    ASSERT_TRUE(run_until([&] { return stands; }));
  }
  void link_up(const RedisServer& server, const std::string& user = {}) {
    end(link_);
    link_ = connect(server, user);
    publisher_.on_link_up(*link_, "run-1");
  }
  // All that stands between an event and Redis.
  void open(const RedisServer& server) {
    ASSERT_TRUE(server.runs()) << server.output();
    listen(server);
    link_up(server);
    publisher_.set_open(true);
    ASSERT_TRUE(publisher_.send_canary());
    ASSERT_TRUE(run_until([&] { return publisher_.is_idle() && !answers_.empty(); }));
    answers_.clear();
    came_.clear();
    marks_.clear();
  }

  // ---- events

  static NewEvent event(const std::string& name, Handle ticket, const std::string& nonce = {},
                        const std::string& payload = "1") {
    EncodedEvent encoded = encode_event({.type = name, .payload_json = payload, .issued_at = "then"}, {});
    NewEvent event{.audience = {.rooms = {"room"}},
                   .packet = std::move(encoded.packet),
                   .offset_at = encoded.offset_at,
                   .ticket = {0, ticket}};
    if (!nonce.empty())
      event.once = std::make_shared<const OnceKey>(OnceKey{nonce, "print of " + payload, "then"});
    return event;
  }
  void publish(NewEvent event) {
    publisher_.take(std::move(event));
    publisher_.pump();
  }
  bool has_outcome(Handle ticket) { return outcomes_.contains(ticket); }
  std::optional<PublishFate> fate(Handle ticket) {
    const auto found = outcomes_.find(ticket);
    if (found == outcomes_.end()) return std::nullopt;
    EXPECT_EQ(found->second.size(), 1U) << "told twice";
    return found->second.front().fate;
  }
  std::optional<PublishFate> await_fate(Handle ticket) {
    EXPECT_TRUE(run_until([&] { return has_outcome(ticket); }));
    return fate(ticket);
  }

  ManualClock clock_;
  EventLoop loop_{clock_, std::chrono::milliseconds(1)};
  EventLog log_{{.workers_count = 1, .follows_bus = true}, clock_, [](unsigned) {}};
  const BusMac mac_{"a secret of this cluster"};
  const BusFormat format_{{.key_prefix = "bus", .mac = &mac_}};
  BusProbe probe_;
  std::vector<PublishBatchResult> answers_;
  Names useless_;
  Names refused_;
  std::uint64_t last_number_ = 0;
  std::unique_ptr<RedisConnection> link_;
  std::unique_ptr<RedisConnection> feed_;
  std::unique_ptr<RedisConnection> admin_;
  int connected_ = 0;
  int lost_ = 0;
  Names came_;
  std::vector<std::uint64_t> marks_;  // of what came
  bool brings_back_ = true;
  std::vector<PublishOutcome> taken_;
  std::map<Handle, std::vector<PublishOutcome>> outcomes_;
  BusPublisher publisher_{
      loop_,
      {.uid = "node-1", .timeout = timeout, .script = {.key_prefix = "bus", .nonces_max = 5}},
      format_,
      log_,
      probe_,
      {.on_answer = [this](const PublishBatchResult& result) { answers_.push_back(result); },
       .on_useless = [this](std::string_view reason) { useless_.emplace_back(reason); },
       .on_refused = [this](std::string_view reason) { refused_.emplace_back(reason); },
       .last_number = [this] { return last_number_; }}};
};

}  // namespace relay
