// The engine's connections: what each is for, and what is said when they come and go.

#include <utility>

#include "cluster/bus_engine.h"

namespace relay {
namespace {

// In PSUBSCRIBE's pattern the prefix stands for itself.
std::string escape_pattern(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("*?[]\\").contains(c)) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// A line of INFO: `name:value\r\n`.
std::string_view value_of(std::string_view info, std::string_view name) {
  std::size_t at = 0;
  while ((at = info.find(name, at)) != std::string_view::npos) {
    const std::string_view rest = info.substr(at + name.size());
    const bool begins_line = at == 0 || info[at - 1] == '\n';
    if (begins_line && rest.starts_with(':')) return rest.substr(1, rest.find_first_of("\r\n") - 1);
    at += name.size();
  }
  return {};
}

constexpr auto hello_time = std::chrono::milliseconds(250);

}  // namespace

RedisLinkOptions BusEngine::link_options(std::string_view role) const {
  RedisLinkOptions link;
  link.url = options_.url;
  link.client_name = "socket-relay:" + std::string(role);
  link.connect_timeout = std::max(options_.timeout, std::chrono::milliseconds(500));
  link.command_timeout = std::max(options_.timeout, std::chrono::milliseconds(500));
  return link;
}

// ---- up

void BusEngine::on_link_up(RedisLink& link) {
  if (&link == &commands_) {
    note_link("publish", link.server(), true, false, {});
    greet_commands();
  } else {
    note_link("subscribe", link.server(), true, false, {});
    subscribe();
  }
}

void BusEngine::greet_commands() {
  note_whole();
  RedisConnection& connection = *commands_.connection();
  control_.on_link_up(connection);
  if (presence_ != nullptr) presence_->on_link_up(connection);
  ready_from_ = loop_.now() + hello_time;
  if (!std::exchange(has_looked_at_memory_, true)) {
    static_cast<void>(
        connection.send({"INFO", "memory"}, [this](const RedisReply& reply) { on_memory_info(reply); }));
  }
  if (options_.adapter == BusAdapter::streams) {
    publisher_.on_link_up(connection, {});
    return;
  }
  static_cast<void>(
      connection.send({"INFO", "server"}, [this](const RedisReply& reply) { on_server_info(reply); }));
}

void BusEngine::on_server_info(const RedisReply& reply) {
  if (reply.is_lost() || commands_.connection() == nullptr) return;
  const std::string_view run = value_of(reply.text, "run_id");
  if (reply.is_error() || run.empty()) {
    log_.error("redis lacks a right", {{"command", "INFO"}, {"reason", reply.text}});
    return commands_.drop("INFO tells no run_id");
  }
  publisher_.on_link_up(*commands_.connection(), std::string(run));
}

void BusEngine::on_memory_info(const RedisReply& reply) {
  if (!reply.is_ok()) return;
  const std::string_view policy = value_of(reply.text, "maxmemory_policy");
  const std::string_view limit = value_of(reply.text, "maxmemory");
  if (policy.empty() || policy == "noeviction" || limit == "0") return;
  log_.warn("redis may forget nonces to make room", {{"maxmemoryPolicy", policy}, {"needed", "noeviction"}});
}

void BusEngine::subscribe() {
  RedisConnection& connection = *subscriber_.connection();
  const auto confirmed = [this](const RedisReply& reply, bool is_feed) {
    if (reply.is_lost()) return;
    if (reply.is_error()) {
      log_.error("redis lacks a right", {{"command", "SUBSCRIBE"}, {"reason", reply.text}});
      return subscriber_.drop(reply.text);
    }
    is_feed ? on_feed_up() : on_control_up();
  };
  RedisCommand control({"SUBSCRIBE"});
  for (const std::string& channel : control_.channels()) control.add(channel);
  const bool is_feed = reader_ == nullptr;
  static_cast<void>(connection.subscribe(control, [=](const RedisReply& reply) { confirmed(reply, false); }));
  if (!is_feed) return;
  const std::string pattern = escape_pattern(options_.key_prefix + "#/#") + "*";
  static_cast<void>(connection.subscribe({"PSUBSCRIBE", pattern},
                                         [=](const RedisReply& reply) { confirmed(reply, true); }));
}

void BusEngine::on_link_push(RedisLink& /*link*/, RedisReply& push) {
  auto& parts = push.elements;
  if (parts.size() == 3 && parts[0].text == "message") {
    control_.on_message(parts[1].text, parts[2].text);
  } else if (parts.size() == 4 && parts[0].text == "pmessage") {
    MessageRing::Raw raw;
    raw.reserve(2);
    raw.push_back(std::move(parts[2].text));
    raw.push_back(std::move(parts[3].text));
    on_raw(std::move(raw));
  }
}

void BusEngine::on_stream_entry(MessageRing::Raw entry) {
  on_raw(std::move(entry));
}

void BusEngine::on_stream_live() {
  note_link("read", {}, true, false, {});
  on_feed_up();
}

void BusEngine::on_stream_changed() {
  if (epoch_) publisher_.end_epoch(std::string(epoch_->text()));
}

void BusEngine::on_control_up() {
  hears_others_ = true;
  control_.say_hello();
}

void BusEngine::on_control_down() {
  hears_others_ = false;
  gap_asked_at_.reset();
}

void BusEngine::on_feed_up() {
  feed_up_ = true;
  publisher_.set_open(true);
  owed_since_.reset();
  ++feeds_count_;
  // What Node servers publish has no number: nobody can tell whether some of it is missing.
  const bool may_miss_unnumbered = options_.has_node_peers && reader_ == nullptr && feeds_count_ > 1;
  if (may_miss_unnumbered && epoch_) events_.begin_epoch(*epoch_, 0);
  send_canary();
}

// ---- down

void BusEngine::on_link_down(RedisLink& link, bool was_up, std::string_view reason) {
  if (&link == &commands_) {
    gap_asked_at_.reset();  // if there is a gap, they are asked again
    publisher_.on_link_down();
    control_.on_link_down();
    if (presence_ != nullptr) presence_->on_link_down();
    note_whole();
    owed_since_.reset();
    return note_link("publish", link.server(), false, was_up, reason);
  }
  on_control_down();
  if (reader_ == nullptr) on_feed_down();
  note_link("subscribe", link.server(), false, was_up, reason);
}

void BusEngine::on_stream_down(bool /*was_up*/, std::string_view reason) {
  const bool was_live = feed_up_;
  on_feed_down();
  note_link("read", {}, false, was_live, reason);
}

void BusEngine::on_feed_down() {
  feed_up_ = false;
  publisher_.set_open(false);
  owed_since_.reset();
  set_ready(false);
}

// One line when Redis goes, one when all of it is back; what is tried in between is for debugging.
void BusEngine::note_link(std::string_view link, std::string_view server, bool is_up, bool was_up,
                          std::string_view reason) {
  if (is_up) {
    probe_.links_up.add(1);
    if (probe_.links_up.value() < probe_.links_wanted.value()) return;
    is_reported_lost_ = false;
    if (std::exchange(was_connected_, true)) probe_.reconnects.add();
    log_.info("redis connected", {{"server", commands_.server()}, {"prefix", options_.key_prefix}});
    return;
  }
  if (was_up) probe_.links_up.add(-1);
  if (std::exchange(is_reported_lost_, true)) {
    log_.debug("redis not reached", {{"link", link}, {"server", server}, {"reason", reason}});
    return;
  }
  log_.warn("redis lost", {{"link", link}, {"server", server}, {"reason", reason}});
}

}  // namespace relay
