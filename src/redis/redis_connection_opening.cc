// RedisConnection from start() to connected.
#include <utility>

#include "base/check.h"
#include "redis/greeting_failure.h"
#include "redis/redis_connection.h"

namespace relay {

void RedisConnection::start() {
  RELAY_CHECK(state_ == State::idle);
  state_ = State::connecting;
  auto addresses = resolve_server(options_.server);
  loop_.update_now();  // the resolver may have taken its time
  connect_deadline_ = loop_.now() + options_.connect_timeout;
  if (addresses) {
    addresses_ = *std::move(addresses);
  } else {
    last_failure_ = std::move(addresses).error();
  }
  if (connect_to_next_address()) return;
  // The owner may not be ready to hear of it now.
  loop_.timers().arm(deadline_, loop_.now(), std::chrono::milliseconds(0));
}

bool RedisConnection::connect_to_next_address() {
  drop_stream();
  while (next_address_ < addresses_.size()) {
    auto stream = begin_connect(addresses_[next_address_++]);
    if (!stream) {
      last_failure_ = std::move(stream).error();
      continue;
    }
    stream_.emplace(*std::move(stream));
    if (loop_.add(stream_->descriptor(), *this)) {
      arm_connect_deadline();
      return true;
    }
    last_failure_ = "the system cannot watch another socket";
    drop_stream();
  }
  return false;
}

// An address that does not answer must leave time for the others.
void RedisConnection::arm_connect_deadline() {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(connect_deadline_ - loop_.now());
  const bool is_connecting = state_ == State::connecting;
  const auto shares = static_cast<std::int64_t>(is_connecting ? addresses_.size() - next_address_ + 1 : 1);
  loop_.timers().arm(deadline_, loop_.now(), left / shares);
}

void RedisConnection::on_connect_ended() {
  if (auto result = connect_result(*stream_); !result) {
    last_failure_ = std::move(result).error();
    if (!connect_to_next_address()) {
      lose("cannot connect to " + options_.server.to_string() + ": " + last_failure_);
    }
    return;
  }
  if (options_.tls) {
    begin_securing();
  } else {
    begin_greeting();
  }
}

void RedisConnection::begin_securing() {
  auto tls = TlsClient::create(options_.server.host, options_.tls_authorities_file);
  if (!tls) return lose(tls.error());
  tls_ = *std::move(tls);
  state_ = State::securing;
  arm_connect_deadline();
  continue_securing();
}

void RedisConnection::continue_securing() {
  const auto done = tls_->handshake();
  if (!done) return lose(done.error());
  loop_.mark_dirty(*this);
  if (*done) begin_greeting();
}

// All at once: the first refusal ends the connection, and no command of the owner's stands behind.
void RedisConnection::begin_greeting() {
  state_ = State::greeting;
  arm_connect_deadline();
  if (!options_.user.empty()) {
    greet({"AUTH", options_.user, options_.password}, &RedisConnection::on_auth_reply);
  } else if (!options_.password.empty()) {
    greet({"AUTH", options_.password}, &RedisConnection::on_auth_reply);
  }
  if (options_.database != 0) {
    greet({"SELECT", std::to_string(options_.database)}, &RedisConnection::on_select_reply);
  }
  if (!options_.client_name.empty()) {
    greet({"CLIENT", "SETNAME", options_.client_name}, &RedisConnection::on_name_reply);
  }
  greet({"PING"}, &RedisConnection::on_ping_reply);
}

void RedisConnection::greet(const RedisCommand& command,
                            void (RedisConnection::*on_reply)(const RedisReply&)) {
  pending_.add(
      [this, on_reply](const RedisReply& reply) {
        if (!reply.is_lost()) (this->*on_reply)(reply);
      },
      connect_deadline_);
  command.append_to(plain_output_);
  loop_.mark_dirty(*this);
}

void RedisConnection::on_auth_reply(const RedisReply& reply) {
  if (reply.is_error()) lose(auth_failure(reply));
}

void RedisConnection::on_select_reply(const RedisReply& reply) {
  if (reply.is_error()) lose(select_failure(reply, options_.database));
}

void RedisConnection::on_ping_reply(const RedisReply& reply) {
  if (reply.is_error()) return lose(ping_failure(reply));
  deadline_.disarm();
  state_ = State::connected;
  listener_.on_redis_connected(*this);
}

}  // namespace relay
