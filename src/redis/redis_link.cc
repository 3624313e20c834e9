#include "redis/redis_link.h"

#include <utility>

#include "base/random.h"

namespace relay {

RedisLink::RedisLink(EventLoop& loop, RedisLinkOptions options, RedisLinkListener& listener)
    : loop_(loop),
      options_(std::move(options)),
      listener_(listener),
      backoff_(options_.backoff, random_fraction) {}

RedisLink::~RedisLink() {
  stop();
}

void RedisLink::start() {
  connect();
}

void RedisLink::stop() {
  is_stopped_ = true;
  is_up_ = false;
  retry_timer_.disarm();
  lookup_.reset();
  if (connection_ != nullptr) RedisConnection::end(std::move(connection_));
}

RedisConnectionOptions RedisLink::entry() const {
  RedisConnectionOptions entry;
  entry.tls = options_.url.tls;
  entry.user = options_.url.user;
  entry.password = options_.url.password;
  entry.database = options_.url.database;
  entry.client_name = options_.client_name;
  entry.connect_timeout = options_.connect_timeout;
  entry.command_timeout = options_.command_timeout;
  entry.reader_limits = options_.reader_limits;
  return entry;
}

void RedisLink::connect() {
  if (options_.url.kind == RedisUrl::Kind::server) return connect_to(options_.url.endpoints.front());
  SentinelLookupOptions lookup{.sentinels = options_.url.endpoints, .service = options_.url.service};
  lookup.sentinel_entry.connect_timeout = options_.connect_timeout;
  lookup.sentinel_entry.command_timeout = options_.command_timeout;
  lookup.server_entry = entry();
  lookup_ = std::make_unique<SentinelLookup>(loop_, std::move(lookup),
                                             [this](std::expected<RedisEndpoint, std::string> master) {
                                               // It may end within its own callback.
                                               const auto ending = std::move(lookup_);
                                               if (master) return connect_to(*master);
                                               go_down(master.error());
                                             });
  lookup_->start();
}

void RedisLink::connect_to(const RedisEndpoint& server) {
  server_ = server.to_string();
  RedisConnectionOptions options = entry();
  options.server = server;
  RedisListener& listener = *this;
  connection_ = std::make_unique<RedisConnection>(loop_, std::move(options), listener);
  connection_->start();
}

void RedisLink::on_redis_connected(RedisConnection& /*connection*/) {
  is_up_ = true;
  up_since_ = loop_.now();
  listener_.on_link_up(*this);
}

void RedisLink::on_redis_push(RedisConnection& /*connection*/, RedisReply& push) {
  if (is_up_) listener_.on_link_push(*this, push);
}

void RedisLink::on_redis_lost(RedisConnection& /*connection*/, std::string_view reason) {
  go_down(reason);
}

void RedisLink::drop(std::string_view reason) {
  if (connection_ != nullptr) go_down(reason);
}

void RedisLink::go_down(std::string_view reason) {
  const bool was_up = std::exchange(is_up_, false);
  if (was_up && loop_.now() - up_since_ >= steady_after) backoff_.reset();
  // What waits for replies hears that they are lost, within the call.
  if (connection_ != nullptr) RedisConnection::end(std::move(connection_));
  if (is_stopped_) return;
  loop_.timers().arm(retry_timer_, loop_.now(), backoff_.next());
  listener_.on_link_down(*this, was_up, reason);
}

}  // namespace relay
