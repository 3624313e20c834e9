#pragma once
// A way to Redis that is made again whenever it breaks: one connection at a time, found through sentinels if
// the URL names them, with a random pause that grows with each failure.
//
//     start() --> connecting --> up --> down --> (pause) --> connecting ...
//                     '------------------^
//
// A link that was up for less than `steady_after` counts as a failure too: a server that accepts and then
// refuses is not asked in a loop.
//
// Threading: bound to the thread of its loop.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "redis/backoff.h"
#include "redis/redis_connection.h"
#include "redis/redis_url.h"
#include "redis/sentinel_lookup.h"

namespace relay {

class RedisLink;

struct RedisLinkOptions {
  RedisUrl url;
  // Beside what the URL says.
  std::string client_name = {};
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds command_timeout{2'000};
  RedisReaderLimits reader_limits = {};
  Backoff::Options backoff = {.ceiling_max = std::chrono::milliseconds(2'000)};
};

class RedisLinkListener {
 public:
  virtual ~RedisLinkListener() = default;
  virtual void on_link_up(RedisLink& link) = 0;
  virtual void on_link_push(RedisLink& /*link*/, RedisReply& /*push*/) {}
  // After the callbacks of all pending commands. Also when an attempt to connect failed; `was_up` tells.
  virtual void on_link_down(RedisLink& link, bool was_up, std::string_view reason) = 0;
};

class RedisLink final : private RedisListener {
 public:
  static constexpr auto steady_after = std::chrono::seconds(5);

  // Both must outlive the link.
  RedisLink(EventLoop& loop, RedisLinkOptions options, RedisLinkListener& listener);
  ~RedisLink() override;
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  void start();
  // Ends the connection, if there is one, and makes another. The listener hears of it within the call.
  void drop(std::string_view reason);
  // For good. The listener hears nothing more.
  void stop();

  // Null while it is not up.
  [[nodiscard]] RedisConnection* connection() const noexcept { return is_up_ ? connection_.get() : nullptr; }
  [[nodiscard]] bool is_up() const noexcept { return is_up_; }
  // `host:port` of the server, as far as it is known.
  [[nodiscard]] const std::string& server() const noexcept { return server_; }

 private:
  void on_redis_connected(RedisConnection& connection) override;
  void on_redis_push(RedisConnection& connection, RedisReply& push) override;
  void on_redis_lost(RedisConnection& connection, std::string_view reason) override;

  void connect();
  void connect_to(const RedisEndpoint& server);
  void go_down(std::string_view reason);
  [[nodiscard]] RedisConnectionOptions entry() const;

  EventLoop& loop_;
  const RedisLinkOptions options_;
  RedisLinkListener& listener_;
  Backoff backoff_;
  bool is_up_ = false;
  bool is_stopped_ = false;
  SteadyTime up_since_{};
  std::string server_;
  std::unique_ptr<SentinelLookup> lookup_;
  std::unique_ptr<RedisConnection> connection_;
  MemberTimer<RedisLink, &RedisLink::connect> retry_timer_{*this};
};

}  // namespace relay
