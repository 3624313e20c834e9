#include "redis/redis_connection.h"

#include <array>
#include <utility>

#include <sys/epoll.h>

#include "base/check.h"

namespace relay {
namespace {

// So many reads, then other objects of the loop have their turn.
constexpr unsigned reads_per_turn_max = 16;
constexpr std::size_t tls_record_bytes_max = 16 * 1024;

std::chrono::milliseconds until(SteadyTime deadline, SteadyTime now) {
  return std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
}

}  // namespace

RedisConnection::RedisConnection(EventLoop& loop, RedisConnectionOptions options, RedisListener& listener)
    : loop_(loop), options_(std::move(options)), listener_(listener), reader_(options_.reader_limits) {}

RedisConnection::~RedisConnection() {
  drop_stream();
}

// ---- what the owner asks for ----

std::expected<void, RedisSendError> RedisConnection::admit(const RedisCommand& command) const {
  if (state_ != State::connected) return std::unexpected(RedisSendError::not_connected);
  if (pending_.size() >= options_.pending_max || output_bytes() >= options_.output_bytes_max ||
      command.encoded_bytes() > options_.output_bytes_max - output_bytes()) {
    return std::unexpected(RedisSendError::queue_full);
  }
  return {};
}

void RedisConnection::on_queued(const RedisCommand& command) {
  command.append_to(plain_output_);
  loop_.mark_dirty(*this);
  // Later ones have later deadlines: on_deadline() comes to them.
  if (pending_.size() == 1) {
    loop_.timers().arm(deadline_, loop_.now(), until(*pending_.deadline(), loop_.now()));
  }
}

std::expected<void, RedisSendError> RedisConnection::send(const RedisCommand& command,
                                                          RedisCallback callback) {
  return send(command, std::move(callback), options_.command_timeout);
}

std::expected<void, RedisSendError> RedisConnection::send(const RedisCommand& command, RedisCallback callback,
                                                          std::chrono::milliseconds timeout) {
  if (auto admitted = admit(command); !admitted) return admitted;
  pending_.add(std::move(callback), loop_.now() + timeout);
  on_queued(command);
  return {};
}

std::expected<void, RedisSendError> RedisConnection::subscribe(const RedisCommand& command,
                                                               RedisCallback done) {
  RELAY_CHECK(command.arguments_count() >= 2);
  if (auto admitted = admit(command); !admitted) return admitted;
  pending_.add_subscription(std::move(done), loop_.now() + options_.command_timeout,
                            command.arguments_count() - 1);
  on_queued(command);
  return {};
}

void RedisConnection::close() {
  closed_by_owner_ = true;
  if (state_ == State::ended) return;
  shut();
  pending_.lose_all();
}

void RedisConnection::end(std::unique_ptr<RedisConnection> connection) {
  connection->close();
  EventLoop& loop = connection->loop_;
  loop.destroy_later(std::move(connection));
}

// ---- the loop's calls ----

void RedisConnection::on_io(std::uint32_t events) {
  if (state_ == State::connecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
    on_connect_ended();
    if (state_ == State::connecting) return;  // to another address
  }
  if (state_ == State::ended) return;
  if ((events & EPOLLOUT) != 0 && output_bytes() > 0) loop_.mark_dirty(*this);
  read_available();
}

void RedisConnection::read_available() {
  for (unsigned reads = 0; reads < reads_per_turn_max; ++reads) {
    const auto count = stream_->read(loop_.read_buffer());
    if (!count) {
      if (count.error() == StreamError::would_block) return;
      return lose(count.error() == StreamError::closed ? "closed by the server" : "the connection broke");
    }
    receive({loop_.read_buffer().data(), *count});
    if (state_ == State::ended) return;
  }
  loop_.continue_later(*this);
}

void RedisConnection::receive(std::string_view wire) {
  if (tls_ == nullptr) return parse(wire);
  tls_->feed(wire);
  loop_.mark_dirty(*this);  // TLS may have something to say to it
  if (state_ == State::securing) continue_securing();
  std::array<char, tls_record_bytes_max> plain;
  while (state_ == State::greeting || state_ == State::connected) {
    const auto count = tls_->read(plain);
    if (!count) return lose(count.error());
    if (*count == 0) return;
    parse({plain.data(), *count});
  }
}

void RedisConnection::parse(std::string_view plain) {
  while (!plain.empty()) {
    plain.remove_prefix(reader_.feed(plain));
    for (;;) {
      auto reply = reader_.next();
      if (!reply) return lose(describe(reply.error()));
      if (!*reply) break;
      deliver(std::move(**reply));
      if (state_ == State::ended) return;
    }
  }
}

void RedisConnection::deliver(RedisReply reply) {
  PendingReplies::Match match = pending_.match(reply);
  if (match.is_unasked) return lose("sent a reply that no command asked for");
  if (match.is_push) {
    if (!match.callback) return listener_.on_redis_push(*this, reply);
    RedisReply copy = reply;
    listener_.on_redis_push(*this, copy);
  }
  // Also when the listener has closed the connection: the reply has come.
  if (match.callback) match.callback(std::move(reply));
}

bool RedisConnection::refill_wire_output() {
  wire_output_.clear();
  wire_sent_ = 0;
  if (tls_ == nullptr) {
    wire_output_.swap(plain_output_);
  } else {
    if (state_ != State::securing && !plain_output_.empty()) {
      if (const auto written = tls_->write(plain_output_); !written) {
        lose(written.error());
        return false;
      }
      plain_output_.clear();
    }
    tls_->take_output(wire_output_);
  }
  return !wire_output_.empty();
}

void RedisConnection::flush() {
  if (state_ == State::ended || state_ == State::connecting) return;
  while (wire_sent_ < wire_output_.size() || refill_wire_output()) {
    const auto sent = stream_->write(std::span(wire_output_).subspan(wire_sent_));
    if (!sent) {
      // What the server said last may say more: it is read until its end, which the loop announces.
      if (sent.error() == StreamError::failed) lose("the connection broke");
      return;
    }
    wire_sent_ += *sent;
  }
}

void RedisConnection::on_deadline() {
  if (state_ == State::connecting) {
    if (stream_) last_failure_ = "no answer in time";
    if (connect_to_next_address()) return;
    return lose("cannot connect to " + options_.server.to_string() + ": " + last_failure_);
  }
  if (state_ != State::connected) {
    return lose("no connection within " + std::to_string(options_.connect_timeout.count()) + " ms");
  }
  const auto deadline = pending_.deadline();
  if (!deadline) return;
  if (*deadline <= loop_.now()) return lose("no answer to a command in time");
  loop_.timers().arm(deadline_, loop_.now(), until(*deadline, loop_.now()));
}

// ---- the end ----

void RedisConnection::drop_stream() {
  if (!stream_) return;
  loop_.remove(stream_->descriptor());
  stream_.reset();
}

void RedisConnection::shut() {
  state_ = State::ended;
  deadline_.disarm();
  drop_stream();
  plain_output_ = {};
  wire_output_ = {};
  wire_sent_ = 0;
}

void RedisConnection::lose(std::string_view reason) {
  if (state_ == State::ended) return;
  shut();
  pending_.lose_all();
  if (!closed_by_owner_) listener_.on_redis_lost(*this, reason);
}

}  // namespace relay
