#pragma once
// For tests: a publish script that runs on a server of its own, as one node or another.

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/publish_script.h"
#include "redis/redis_connection_fixture.h"

namespace relay {

class PublishScriptFixture : public RedisConnectionFixture {
 protected:
  using Kind = PublishedMessage::Kind;
  using Kinds = std::vector<Kind>;
  using Messages = std::vector<BusMessage>;

  void SetUp() override {
    RedisConnectionFixture::SetUp();
    ASSERT_TRUE(server_.runs()) << server_.output();
    ASSERT_TRUE(connect(server_));
    admin_ = std::exchange(connection_, nullptr);
    ASSERT_TRUE(connect(server_));
  }
  void TearDown() override {
    for (auto* const connection : {&admin_, &subscriber_}) {
      if (*connection) RedisConnection::end(std::move(*connection));
    }
  }

  // One with everything that is asked for on the channel `c`.
  static BusMessage message(const std::string& text, const std::string& nonce = {},
                            const std::string& fingerprint = "print") {
    return {.channel = "c",
            .payload = text + std::string(8, '?'),
            .fields = {{"data", text}},
            .nonce = nonce.empty()
                         ? BusNonce()
                         : BusNonce{.text = nonce, .fingerprint = fingerprint, .note = "of " + text}};
  }
  static Messages messages(std::size_t count) { return Messages(count, message("m")); }

  // The next batch of the node, or the same one again.
  PublishBatchResult publish(const Messages& messages) {
    ++batch_.number;
    return repeat(messages);
  }
  PublishBatchResult repeat(const Messages& messages) {
    const PublishScript script(options_);
    batch_.messages = messages;
    RedisReply reply = ask(script.by_hash(batch_));
    if (reply.error_code() == "NOSCRIPT") reply = ask(script.whole(batch_));
    EXPECT_TRUE(reply.is_ok()) << reply.text;
    const auto result = PublishScript::parse(reply, messages.size());
    EXPECT_TRUE(result.has_value()) << result.error();
    return result.value_or(PublishBatchResult{});
  }

  static Kinds kinds(const PublishBatchResult& result) {
    Kinds kinds;
    for (const PublishedMessage& message : result.messages) kinds.push_back(message.kind);
    return kinds;
  }

  RedisReply ask_as_admin(const RedisCommand& command) {
    std::swap(connection_, admin_);
    RedisReply reply = ask(command);
    std::swap(connection_, admin_);
    return reply;
  }
  std::int64_t keys_count() { return ask_as_admin({"DBSIZE"}).integer; }
  // From now on the script is run by a user with these rights.
  void become(std::initializer_list<std::string_view> rules) {
    RedisCommand command{"ACL", "SETUSER", "u", "reset", "on", ">p"};
    for (const std::string_view rule : rules) command.add(rule);
    const RedisReply reply = ask_as_admin(command);
    ASSERT_TRUE(reply.is_ok()) << reply.text;
    ASSERT_TRUE(connect({.server = server_.endpoint(), .user = "u", .password = "p"}));
  }
  void subscribe(const std::string& channel) {
    std::swap(connection_, subscriber_);
    ASSERT_TRUE(connect(server_));
    const std::size_t before = replies_.size();
    ASSERT_TRUE(connection_->subscribe({"SUBSCRIBE", channel}, note()).has_value());
    ASSERT_TRUE(run_until([&] { return replies_.size() > before; }));
    std::swap(connection_, subscriber_);
    pushes_.clear();
  }
  // What has come so far.
  std::vector<std::string> received(std::size_t count) {
    EXPECT_TRUE(run_until([&] { return pushes_.size() >= count; }));
    EXPECT_TRUE(subscriber_->send({"PING"}, note()).has_value());
    const std::size_t before = replies_.size();
    EXPECT_TRUE(run_until([&] { return replies_.size() > before; }));
    return pushes_;
  }
  static std::string big_endian(std::uint64_t number) {
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xffU);
    return bytes;
  }

  // On the administrator's connection, which can do nothing else then. The answer goes to read_.
  void wait_for_the_stream() {
    const RedisCommand command{"XREAD", "BLOCK", "0", "STREAMS", "bus", "$"};
    const auto keep = [this](const RedisReply& reply) { read_ = reply; };
    ASSERT_TRUE(admin_->send(command, keep, std::chrono::seconds(60)).has_value());
    ASSERT_TRUE(run_until([&] { return ask({"INFO", "clients"}).text.contains("blocked_clients:1"); }));
  }

  RedisServer server_;
  std::unique_ptr<RedisConnection> admin_;
  std::unique_ptr<RedisConnection> subscriber_;
  std::optional<RedisReply> read_;  // what came to who waits for the stream
  PublishScriptOptions options_{.key_prefix = "bus"};
  PublishBatch batch_{.uid = "node-1", .epoch_candidate = "epoch1", .run = "run-1", .messages = {}};
};

// For what is the same with both adapters.
class PublishScriptAdaptersTest : public PublishScriptFixture,
                                  public ::testing::WithParamInterface<BusAdapter> {
 protected:
  PublishScriptAdaptersTest() { options_.adapter = GetParam(); }
};

inline std::string adapter_name(const ::testing::TestParamInfo<BusAdapter>& info) {
  return info.param == BusAdapter::pubsub ? "pubsub" : "streams";
}

}  // namespace relay
