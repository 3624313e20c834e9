#pragma once
// Asks sentinels, one after the other, where the master of a service is, and asks the server that they name
// whether it is one: a sentinel that was cut off names a server that is master no more.
// (https://redis.io/docs/reference/sentinel-clients/)
//
// Each step has the deadlines of RedisConnection; after a failure the next sentinel is asked. One lookup
// goes through the list once.
//
// Threading: bound to the thread of its loop. Each step makes a RedisConnection, whose start() may wait for
// the system's resolver. Lifetime: may be destroyed at any time, in `done` as well; then `done` is not called
// any more.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/event_loop.h"
#include "redis/redis_connection.h"

namespace relay {

struct SentinelLookupOptions {
  std::vector<RedisEndpoint> sentinels;  // not empty
  std::string service;
  // How to enter a sentinel, and how the server. Their `server` is not used, nor is `database` of the first.
  RedisConnectionOptions sentinel_entry = {};
  RedisConnectionOptions server_entry = {};
};

class SentinelLookup final : private RedisListener {
 public:
  // The error is the failure of the last sentinel, in words for a log, without secrets.
  using Done = std::move_only_function<void(std::expected<RedisEndpoint, std::string>)>;

  SentinelLookup(EventLoop& loop, SentinelLookupOptions options, Done done);
  ~SentinelLookup() override;
  SentinelLookup(const SentinelLookup&) = delete;
  SentinelLookup& operator=(const SentinelLookup&) = delete;

  // Once. `done` is called later, never within the call.
  void start();

 private:
  enum class Step : std::uint8_t { asking_sentinel, checking_role };

  void on_redis_connected(RedisConnection& connection) override;
  void on_redis_lost(RedisConnection& connection, std::string_view reason) override;
  void on_address(const RedisReply& reply);
  void on_role(const RedisReply& reply);

  void ask_next_sentinel();
  void connect(const RedisEndpoint& endpoint, RedisConnectionOptions entry);
  void ask(const RedisCommand& command, void (SentinelLookup::*on_reply)(const RedisReply&));
  void fail(std::string_view reason);
  void end_connection();
  void finish(std::expected<RedisEndpoint, std::string> result);

  EventLoop& loop_;
  const SentinelLookupOptions options_;
  Done done_;
  Step step_ = Step::asking_sentinel;
  std::size_t next_sentinel_ = 0;
  RedisEndpoint master_;   // as the sentinel says
  RedisEndpoint current_;  // who is asked
  std::unique_ptr<RedisConnection> connection_;
};

}  // namespace relay
