#pragma once
// One connection to a Redis server, or to a sentinel: pipelined commands with a callback each, and what Redis
// pushes to a subscriber.
//
//   start() --> connecting --> securing (TLS) --> greeting --> connected --.
//                    |              |                |             |       |
//                    '--------------'----------------'-------------'--> ended
//
// The greeting is AUTH, SELECT, CLIENT SETNAME (whose refusal is no failure) and PING. A connection lives
// once: to connect again its owner makes another one.
//
// Never waits for the network but in start(), which asks the system's resolver for a host that is no address;
// TLS reads certificate files. So it is for a loop on which nothing else waits.
//
// Threading: bound to the thread of its loop.
// Lifetime: begins and ends by its owner. As a LoopObject it dies through end() or
// EventLoop::destroy_later(), which are allowed in every callback.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/byte_stream.h"
#include "net/event_loop.h"
#include "redis/pending_replies.h"
#include "redis/redis_command.h"
#include "redis/redis_reader.h"
#include "redis/redis_url.h"
#include "redis/server_address.h"
#include "redis/tls_client.h"

namespace relay {

class RedisConnection;

struct RedisConnectionOptions {
  RedisEndpoint server = {};
  bool tls = false;
  std::string tls_authorities_file = {};  // PEM; empty: the authorities that the system trusts
  std::string user = {};                  // with both empty there is no AUTH
  std::string password = {};
  std::uint32_t database = 0;
  std::string client_name = {};                      // without blanks; empty: none
  std::chrono::milliseconds connect_timeout{5'000};  // until on_redis_connected()
  std::chrono::milliseconds command_timeout{2'000};  // from send() to the reply
  std::size_t output_bytes_max = 64 * 1024 * 1024;   // not yet taken by the kernel
  std::size_t pending_max = 100'000;                 // commands without a reply
  RedisReaderLimits reader_limits = {};
};

class RedisListener {
 public:
  virtual ~RedisListener() = default;
  virtual void on_redis_connected(RedisConnection& connection) = 0;
  // An array: `message`, `pmessage`, `smessage`, or a confirmation such as `subscribe`, with what belongs to
  // it. The listener may take its texts.
  virtual void on_redis_push(RedisConnection& /*connection*/, RedisReply& /*push*/) {}
  // Once, after the callbacks of all pending commands; nothing follows. `reason` is a few words for a log,
  // without secrets. Not after close().
  virtual void on_redis_lost(RedisConnection& connection, std::string_view reason) = 0;
};

enum class RedisSendError : std::uint8_t { not_connected, queue_full };

class RedisConnection final : public LoopObject {
 public:
  // `loop` and `listener` must outlive the connection.
  RedisConnection(EventLoop& loop, RedisConnectionOptions options, RedisListener& listener);
  ~RedisConnection() override;

  // Once. The listener hears of the outcome later, never within the call.
  void start();

  // Queues a command, which leaves with the turn's flush. Its callback is called exactly once, with the reply
  // or with one of kind `lost`; not at all when send() returns an error, or when the connection dies without
  // close(). A reply that is not there after `timeout` ends the whole connection, because Redis answers in
  // order: a blocking command needs a time of its own. A command's time does not end before that of the
  // commands ahead of it.
  [[nodiscard]] std::expected<void, RedisSendError> send(const RedisCommand& command, RedisCallback callback);
  [[nodiscard]] std::expected<void, RedisSendError> send(const RedisCommand& command, RedisCallback callback,
                                                         std::chrono::milliseconds timeout);

  // The same for SUBSCRIBE, UNSUBSCRIBE and their relatives, with one channel or pattern at least. All
  // confirmations are pushes; `done` hears the last one, or the error that Redis sends instead. From the
  // first subscription on Redis takes nothing else on this connection but PING.
  [[nodiscard]] std::expected<void, RedisSendError> subscribe(const RedisCommand& command,
                                                              RedisCallback done);

  // Ends it. The callbacks of pending commands hear `lost` within the call; the listener hears nothing more.
  void close();
  // close(), and the death of the object at the end of the turn.
  static void end(std::unique_ptr<RedisConnection> connection);

  [[nodiscard]] bool is_connected() const noexcept { return state_ == State::connected; }
  [[nodiscard]] std::size_t pending_count() const noexcept { return pending_.size(); }
  [[nodiscard]] std::size_t output_bytes() const noexcept {
    return plain_output_.size() + wire_output_.size() - wire_sent_;
  }

  void on_io(std::uint32_t events) override;
  void flush() override;

 private:
  enum class State : std::uint8_t { idle, connecting, securing, greeting, connected, ended };

  // False when no address is left; last_failure_ then says why.
  [[nodiscard]] bool connect_to_next_address();
  void on_connect_ended();
  void begin_securing();
  void continue_securing();
  void begin_greeting();
  void greet(const RedisCommand& command, void (RedisConnection::*on_reply)(const RedisReply&));
  void on_auth_reply(const RedisReply& reply);
  void on_select_reply(const RedisReply& reply);
  void on_name_reply(const RedisReply& /*reply*/) {}
  void on_ping_reply(const RedisReply& reply);

  void read_available();
  void receive(std::string_view wire);
  void parse(std::string_view plain);
  void deliver(RedisReply reply);
  // False when there is nothing to send.
  [[nodiscard]] bool refill_wire_output();

  [[nodiscard]] std::expected<void, RedisSendError> admit(const RedisCommand& command) const;
  void on_queued(const RedisCommand& command);
  void arm_connect_deadline();
  void on_deadline();
  void drop_stream();
  void shut();
  void lose(std::string_view reason);

  EventLoop& loop_;
  const RedisConnectionOptions options_;
  RedisListener& listener_;
  State state_ = State::idle;
  bool closed_by_owner_ = false;
  std::vector<ServerAddress> addresses_;
  std::size_t next_address_ = 0;
  std::string last_failure_;  // to connect
  SteadyTime connect_deadline_{};
  std::optional<ByteStream> stream_;
  std::unique_ptr<TlsClient> tls_;
  RedisReader reader_;
  PendingReplies pending_;
  std::string plain_output_;
  std::string wire_output_;  // what the socket gets: the plain output, or with TLS its records
  std::size_t wire_sent_ = 0;
  MemberTimer<RedisConnection, &RedisConnection::on_deadline> deadline_{*this};
};

}  // namespace relay
