#pragma once
// For tests: a loop with one connection on it, which notes what it hears. The loop is run until something has
// happened; nothing sleeps.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "net/loop_turns.h"
#include "redis/redis_connection.h"
#include "redis/redis_server_fixture.h"

namespace relay {

class RedisConnectionFixture : public ::testing::Test, public RedisListener {
 protected:
  void SetUp() override {
    ASSERT_TRUE(RedisServer::is_installed()) << "there is no redis-server on this machine";
  }
  ~RedisConnectionFixture() override {
    if (connection_) RedisConnection::end(std::move(connection_));
    loop_.destroy_closed();
  }

  void on_redis_connected(RedisConnection&) override {
    ++connected_;
    if (when_connected_) when_connected_();
  }
  void on_redis_push(RedisConnection&, RedisReply& push) override {
    std::string text;
    for (const RedisReply& element : push.elements) {
      text += (text.empty() ? "" : " ") +
              (element.kind == RedisReply::Kind::integer ? std::to_string(element.integer) : element.text);
    }
    pushes_.push_back(text);
    if (when_pushed_) when_pushed_();
  }
  void on_redis_lost(RedisConnection&, std::string_view reason) override {
    losses_.emplace_back(reason);
    if (when_lost_) when_lost_();
  }

  void turn() { turn_once(loop_); }
  // Whether `condition` became true in time.
  bool run_until(const std::function<bool()>& condition) {
    return turn_until([this] { turn(); }, condition);
  }

  void begin(RedisConnectionOptions options) {
    if (connection_) RedisConnection::end(std::move(connection_));
    connection_ = std::make_unique<RedisConnection>(loop_, std::move(options), *this);
    connection_->start();
  }
  bool connect(RedisConnectionOptions options) {
    begin(std::move(options));
    const int before = connected_;
    const std::size_t losses = losses_.size();
    return run_until([&] { return connected_ > before || losses_.size() > losses; }) && connected_ > before;
  }
  bool connect(const RedisServer& server) { return connect({.server = server.endpoint()}); }
  std::string loss_of(RedisConnectionOptions options) {
    const std::size_t losses = losses_.size();
    EXPECT_FALSE(connect(std::move(options)));
    return losses_.size() == losses + 1 ? losses_.back() : "(not lost once)";
  }

  RedisCallback note() {
    return [this](const RedisReply& reply) { replies_.push_back(reply); };
  }
  RedisReply ask(const RedisCommand& command) {
    const std::size_t before = replies_.size();
    EXPECT_TRUE(connection_->send(command, note()).has_value());
    EXPECT_TRUE(run_until([&] { return replies_.size() > before; }));
    return replies_.size() > before ? replies_.back() : RedisReply{.kind = RedisReply::Kind::lost};
  }

  SystemClock clock_;
  EventLoop loop_{clock_, std::chrono::milliseconds(1)};
  std::unique_ptr<RedisConnection> connection_;
  int connected_ = 0;
  std::vector<std::string> losses_;
  std::vector<std::string> pushes_;
  std::vector<RedisReply> replies_;
  std::function<void()> when_connected_;
  std::function<void()> when_pushed_;
  std::function<void()> when_lost_;
};

}  // namespace relay
