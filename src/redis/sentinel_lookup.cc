#include "redis/sentinel_lookup.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/check.h"

namespace relay {
namespace {

constexpr std::size_t host_bytes_max = 253;

// [host, port], both as texts.
std::optional<RedisEndpoint> endpoint_of(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::array || reply.elements.size() != 2) return std::nullopt;
  const std::string& host = reply.elements[0].text;
  const std::string& port = reply.elements[1].text;
  RedisEndpoint endpoint{.host = host, .port = 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  const bool is_port = error == std::errc() && end == port.data() + port.size() && endpoint.port != 0;
  const bool is_host = !host.empty() && host.size() <= host_bytes_max &&
                       std::ranges::all_of(host, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_port || !is_host) return std::nullopt;
  return endpoint;
}

}  // namespace

SentinelLookup::SentinelLookup(EventLoop& loop, SentinelLookupOptions options, Done done)
    : loop_(loop), options_(std::move(options)), done_(std::move(done)) {
  RELAY_CHECK(!options_.sentinels.empty());
}

SentinelLookup::~SentinelLookup() {
  end_connection();
}

void SentinelLookup::start() {
  RELAY_CHECK(connection_ == nullptr && next_sentinel_ == 0);
  ask_next_sentinel();
}

void SentinelLookup::ask_next_sentinel() {
  step_ = Step::asking_sentinel;
  RedisConnectionOptions entry = options_.sentinel_entry;
  entry.database = 0;  // sentinels have none
  connect(options_.sentinels[next_sentinel_++], std::move(entry));
}

void SentinelLookup::connect(const RedisEndpoint& endpoint, RedisConnectionOptions entry) {
  end_connection();
  current_ = endpoint;
  entry.server = endpoint;
  RedisListener& listener = *this;
  connection_ = std::make_unique<RedisConnection>(loop_, std::move(entry), listener);
  connection_->start();
}

void SentinelLookup::on_redis_connected(RedisConnection& /*connection*/) {
  if (step_ == Step::asking_sentinel) {
    ask({"SENTINEL", "get-master-addr-by-name", options_.service}, &SentinelLookup::on_address);
  } else {
    ask({"ROLE"}, &SentinelLookup::on_role);
  }
}

void SentinelLookup::ask(const RedisCommand& command, void (SentinelLookup::*on_reply)(const RedisReply&)) {
  const auto sent = connection_->send(command, [this, on_reply](const RedisReply& reply) {
    // What is lost is told to on_redis_lost() too, or we have ended the connection.
    if (!reply.is_lost()) (this->*on_reply)(reply);
  });
  if (!sent) fail("takes no command");
}

void SentinelLookup::on_address(const RedisReply& reply) {
  if (reply.kind == RedisReply::Kind::nil) return fail("knows no service of that name");
  const auto endpoint = endpoint_of(reply);
  if (!endpoint) return fail("gave no address");
  master_ = *endpoint;
  step_ = Step::checking_role;
  connect(master_, options_.server_entry);
}

void SentinelLookup::on_role(const RedisReply& reply) {
  const bool is_master = reply.kind == RedisReply::Kind::array && !reply.elements.empty() &&
                         reply.elements.front().text == "master";
  if (!is_master) return fail("is no master");
  finish(master_);
}

void SentinelLookup::on_redis_lost(RedisConnection& /*connection*/, std::string_view reason) {
  fail(reason);
}

void SentinelLookup::fail(std::string_view reason) {
  if (next_sentinel_ < options_.sentinels.size()) return ask_next_sentinel();
  finish(std::unexpected(current_.to_string() + ": " + std::string(reason)));
}

void SentinelLookup::end_connection() {
  if (connection_ != nullptr) RedisConnection::end(std::move(connection_));
}

void SentinelLookup::finish(std::expected<RedisEndpoint, std::string> result) {
  end_connection();
  // It may destroy this object.
  Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace relay
