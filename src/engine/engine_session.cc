#include "engine/engine_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.h"
#include "base/utf8.h"
#include "engine/engine_server.h"
#include "engine/websocket_transport.h"
#include "protocol/engineio_packet.h"
#include "protocol/engineio_payload.h"
#include "protocol/websocket_frame.h"

namespace relay {
namespace {

constexpr std::string_view close_packet = "1";
constexpr std::string_view noop_packet = "6";
constexpr std::string_view noop_and_close =
    "6\x1e"
    "1";

// How long a closed polling session waits for the poll that it tells so.
constexpr auto farewell_time = std::chrono::milliseconds(30'000);
// A client may park another GET after the first noop, so a probing client gets one each time.
constexpr auto noop_interval = std::chrono::milliseconds(100);

Frame ping_frame() {
  thread_local const EncodedPacketPtr ping = encode_packet("2");
  return Frame(ping);
}

void append_for_polling(std::string& out, const EncodedPacket& packet) {
  if (!packet.binary) {
    out += packet.payload();
    return;
  }
  out += 'b';
  append_base64(out, packet.payload());
}

}  // namespace

// A WebSocket that wants to take the session over, and what happens while it does.
struct EngineSession::Upgrade {
  explicit Upgrade(EngineSession& owner) : session(owner) {}

  void on_noop_due() {
    if (session.parked_ != nullptr) session.answer_poll(noop_packet);
    EventLoop& loop = session.server_.loop();
    loop.timers().arm(noop, loop.now(), noop_interval);
  }
  void on_too_late() { session.abandon_upgrade(); }

  EngineSession& session;
  WebsocketTransport* probe = nullptr;  // the loop owns it
  MemberTimer<Upgrade, &Upgrade::on_noop_due> noop{*this};
  MemberTimer<Upgrade, &Upgrade::on_too_late> deadline{*this};
};

EngineSession::EngineSession(EngineServer& server, const SessionId& id, const IpAddress& client)
    : server_(server), id_(id), client_(client) {}

EngineSession::~EngineSession() = default;

std::string_view EngineSession::transport_name() const noexcept {
  return websocket_ != nullptr ? "websocket" : "polling";
}

void EngineSession::arm(std::chrono::milliseconds delay) {
  server_.loop().timers().arm(timer_, server_.loop().now(), delay);
}

void EngineSession::open(std::unique_ptr<SessionListener> listener) {
  listener_ = std::move(listener);
  server_.probe().sessions_opened.add();
  server_.probe().polling_sessions.add(1);
  arm(server_.options().ping_interval);
}

// ---- writing

void EngineSession::send(Frame frame) {
  if (!open_) return;
  out_.push(std::move(frame));
  server_.loop().mark_dirty(*this);
  if (websocket_ == nullptr || out_.bytes() < early_flush_at_) return;
  // A failure waits for the turn's end: whoever is sending may be walking over the members that a close would
  // change.
  write_failed_ = websocket_->write(out_) == WebsocketTransport::WriteOutcome::failed || write_failed_;
  early_flush_at_ = out_.bytes() + early_flush_bytes;
}

void EngineSession::send_text(std::string_view packet) {
  send(Frame(encode_packet(packet)));
}

void EngineSession::send_binary(std::string_view message) {
  send(Frame(encode_packet(message, true)));
}

bool EngineSession::writable() const noexcept {
  if (!open_) return false;
  return counted_backlog_ == 0 && (websocket_ != nullptr || parked_ != nullptr);
}

void EngineSession::set_trusted() noexcept {
  trusted_ = true;
}

std::size_t EngineSession::message_bytes_max() const noexcept {
  const EngineOptions& options = server_.options();
  return trusted_ ? options.message_bytes_max
                  : std::min(options.message_bytes_max, options.untrusted_message_bytes_max);
}

void EngineSession::flush() {
  if (!open_) return;
  if (websocket_ != nullptr) {
    flush_websocket();
  } else {
    flush_poll();
  }
  if (open_) account_backlog();
  if (open_ && out_.bytes() < notify_below_) {
    notify_below_ = 0;
    listener_->on_queue_below();
  }
}

void EngineSession::flush_websocket() {
  early_flush_at_ = early_flush_bytes;
  const auto outcome = websocket_->write(out_);
  if (outcome == WebsocketTransport::WriteOutcome::failed || write_failed_)
    close(CloseReason::transport_close);
}

void EngineSession::flush_poll() {
  if (parked_ == nullptr || out_.empty()) return;
  std::string payload;
  for (std::size_t count = 0; count < engineio::packets_per_poll_max && !out_.empty(); ++count) {
    if (count > 0) payload += engineio::record_separator;
    append_for_polling(payload, out_.pop_front().packet());
  }
  server_.probe().delivered_bytes.add(payload.size());
  answer_poll(payload);
}

void EngineSession::account_backlog() {
  const std::size_t backlog = paced_ && out_.bytes() <= paced_bytes_max ? 0 : out_.bytes();
  if (backlog == counted_backlog_) return;
  EngineShared& shared = server_.shared();
  const std::size_t total =
      shared.backlog_bytes.fetch_add(backlog - counted_backlog_, std::memory_order_relaxed) + backlog -
      counted_backlog_;
  counted_backlog_ = backlog;
  if (backlog > server_.options().backlog_bytes_max) {
    close(CloseReason::slow_consumer);
  } else if (total > shared.backlog_total_bytes_max && backlog > 0) {
    server_.relieve_backlog();
  }
}

void EngineSession::answer_poll(std::string_view packets) {
  const std::unique_ptr<ParkedPoll> poll = std::move(parked_);
  poll->connection.respond({.status = 200,
                            .content_type = "text/plain; charset=UTF-8",
                            .body = std::string(packets),
                            .headers = "cache-control: no-store\r\n" + poll->headers});
}

// ---- polling

void EngineSession::on_poll(HttpConnection& connection, const HttpRequest& request) {
  if (parked_ != nullptr) {
    connection.respond({.status = 400, .content_type = {}, .body = {}});
    close(CloseReason::transport_error);
    return;
  }
  parked_ = std::make_unique<ParkedPoll>(connection, server_.cors_headers(request));
  connection.set_peer_listener(this);
  if (open_) {
    if (!out_.empty()) server_.loop().mark_dirty(*this);
    return;
  }
  // A farewell: first what was still queued, then the close.
  if (out_.empty()) {
    answer_poll(noop_and_close);
    finish();
  } else {
    flush_poll();
  }
}

bool EngineSession::on_post_head(HttpConnection& connection, const HttpRequest& request) {
  const auto content_type = request.header("Content-Type");
  if (content_type && content_type->starts_with("application/octet-stream")) {
    connection.respond(
        {.status = 400, .content_type = {}, .body = {}, .headers = server_.cors_headers(request)});
    close(CloseReason::transport_error);
    return false;
  }
  if (HttpConnection* const earlier = server_.connections().find(post_)) {
    connection.respond(
        {.status = 400, .content_type = {}, .body = {}, .headers = server_.cors_headers(request)});
    post_ = no_handle;
    earlier->abort();
    close(CloseReason::transport_error);
    return false;
  }
  post_ = connection.handle();
  return true;
}

void EngineSession::on_post_body(HttpConnection& connection, const HttpRequest& request) {
  post_ = no_handle;
  connection.respond({.status = 200,
                      .content_type = "text/html",
                      .body = "ok",
                      .headers = "cache-control: no-store\r\n" + server_.cors_headers(request)});
  const std::string repaired =
      is_valid_utf8(request.body) ? std::string() : replace_invalid_utf8(request.body);
  engineio::PayloadReader reader(repaired.empty() ? request.body : std::string_view(repaired));
  while (open_) {
    const auto packet = reader.next();
    if (!packet) return;
    on_packet(*packet);
  }
}

void EngineSession::on_post_aborted() {
  post_ = no_handle;
  close(CloseReason::transport_error);
}

void EngineSession::on_peer_gone(HttpConnection& /*connection*/) {
  parked_.reset();
  if (open_) {
    close(CloseReason::transport_error);
  } else {
    finish();
  }
}

// ---- packets

void EngineSession::on_packet(std::string_view text) {
  const auto packet = engineio::parse_text_packet(text);
  if (!packet) return close(CloseReason::parse_error);
  switch (packet->type) {
    case engineio::PacketType::message:
      if (!packet->binary) return listener_->on_text(packet->data);
      if (const auto bytes = decode_base64(packet->data)) return listener_->on_binary(*bytes);
      return close(CloseReason::parse_error);
    case engineio::PacketType::pong:
      return on_pong();
    case engineio::PacketType::ping:
      return close(CloseReason::transport_error);
    case engineio::PacketType::close:
      if (parked_ != nullptr) answer_poll(noop_packet);
      return close(CloseReason::transport_close);
    case engineio::PacketType::open:
    case engineio::PacketType::upgrade:
    case engineio::PacketType::noop:
      return;
  }
}

// ---- pings

void EngineSession::send_ping() {
  ++pings_sent_;
  ping_under_way_ = true;
  send(ping_frame());
}

void EngineSession::on_timer() {
  if (!open_) return finish();
  if (heartbeat_waits_) return close(CloseReason::ping_timeout);
  heartbeat_waits_ = true;
  // The ping of a receipt that is under way serves as well.
  if (!ping_under_way_) send_ping();
  arm(server_.options().ping_timeout);
}

std::uint32_t EngineSession::request_receipt() {
  if (ping_under_way_) {
    receipt_wanted_ = pings_sent_ + 1;
  } else {
    send_ping();
    receipt_wanted_ = pings_sent_;
  }
  return receipt_wanted_;
}

// A ping that was sent by polling may be answered after the upgrade, or never. So the pongs are counted: the
// n-th one answers the n-th ping or a later one, and proves what was sent before the n-th.
void EngineSession::on_pong() {
  ping_under_way_ = false;
  heartbeat_waits_ = false;
  arm(server_.options().ping_interval);
  if (pongs_ == pings_sent_) return;  // nobody asked
  ++pongs_;
  if (receipt_wanted_ > pongs_) send_ping();
  listener_->on_receipt(pongs_);
}

// ---- WebSocket

void EngineSession::on_websocket(std::unique_ptr<WebsocketTransport> transport, std::string_view bytes) {
  if (!open_ || websocket_ != nullptr || upgrade_ != nullptr) {
    transport.release()->close(empty_close_frame());
    return;
  }
  upgrade_ = std::make_unique<Upgrade>(*this);
  upgrade_->probe = transport.get();
  EventLoop& loop = server_.loop();
  loop.timers().arm(upgrade_->deadline, loop.now(), server_.options().upgrade_timeout);
  WebsocketTransport::attach(std::move(transport), *this, bytes);
}

void EngineSession::begin_on_websocket(std::unique_ptr<WebsocketTransport> transport,
                                       std::string_view bytes) {
  websocket_ = transport.get();
  server_.probe().polling_sessions.add(-1);
  server_.probe().websocket_sessions.add(1);
  WebsocketTransport::attach(std::move(transport), *this, bytes);
}

void EngineSession::on_transport_text(WebsocketTransport& transport, std::string_view packet) {
  if (&transport == websocket_) return on_packet(packet);
  if (upgrade_ == nullptr || upgrade_->probe != &transport) return;
  if (packet == "2probe") {
    if (!transport.write_now(encode_packet("3probe")->bytes)) return abandon_upgrade();
    upgrade_->on_noop_due();
  } else if (packet.starts_with('5')) {
    complete_upgrade();
  } else {
    abandon_upgrade();
  }
}

void EngineSession::on_transport_binary(WebsocketTransport& transport, std::string_view message) {
  if (&transport == websocket_) return listener_->on_binary(message);
  abandon_upgrade();
}

void EngineSession::on_transport_ping(WebsocketTransport& transport, std::string_view payload) {
  auto pong = std::make_shared<EncodedPacket>();
  std::array<char, websocket::header_bytes_max> header{};
  const std::size_t size = websocket::write_header(header.data(), websocket::Opcode::pong, payload.size());
  pong->bytes.assign(header.data(), size);
  pong->bytes += payload;
  if (&transport == websocket_) {
    send(Frame(std::move(pong)));
  } else if (!transport.write_now(pong->bytes)) {
    abandon_upgrade();
  }
}

void EngineSession::on_transport_closed(WebsocketTransport& transport, CloseReason reason) {
  if (&transport != websocket_) {
    upgrade_.reset();
    return;
  }
  websocket_ = nullptr;
  server_.probe().websocket_sessions.add(-1);
  server_.probe().polling_sessions.add(1);
  close(reason);
}

void EngineSession::write_pending(WebsocketTransport& transport) {
  if (&transport == websocket_)
    write_failed_ = transport.write(out_) == WebsocketTransport::WriteOutcome::failed;
}

void EngineSession::complete_upgrade() {
  websocket_ = upgrade_->probe;
  upgrade_.reset();
  server_.probe().upgrades.add();
  server_.probe().polling_sessions.add(-1);
  server_.probe().websocket_sessions.add(1);
  if (parked_ != nullptr) answer_poll(noop_packet);
  // A ping that went out by polling may never be answered there.
  ping_under_way_ = false;
  heartbeat_waits_ = false;
  if (receipt_wanted_ > pongs_) send_ping();
  arm(server_.options().ping_interval);
  server_.loop().mark_dirty(*this);
}

void EngineSession::abandon_upgrade() {
  if (upgrade_ == nullptr) return;
  WebsocketTransport& probe = *upgrade_->probe;
  upgrade_.reset();
  probe.close(empty_close_frame());
}

// ---- closing

bool EngineSession::lingers_after(CloseReason reason) const noexcept {
  return reason == CloseReason::forced_close || reason == CloseReason::shutting_down ||
         reason == CloseReason::invalid_packet || reason == CloseReason::connect_timeout;
}

void EngineSession::close(CloseReason reason) {
  if (!open_) return;
  open_ = false;
  abandon_upgrade();
  server_.probe().session_closed(reason);
  bool waits_for_poll = false;
  if (websocket_ != nullptr) {
    WebsocketTransport& transport = *std::exchange(websocket_, nullptr);
    server_.probe().websocket_sessions.add(-1);
    // Half a frame in front of the close frame would be noise: then the peer gets neither.
    if (transport.write(out_) == WebsocketTransport::WriteOutcome::all) {
      transport.close(empty_close_frame());
    } else {
      transport.abort();
    }
  } else {
    server_.probe().polling_sessions.add(-1);
    flush_poll();  // what was said before the end is still heard
    if (parked_ != nullptr) {
      answer_poll(close_packet);
    } else {
      waits_for_poll = lingers_after(reason);
    }
  }
  listener_->on_closed(reason);
  if (!waits_for_poll) return finish();
  arm(farewell_time);
}

void EngineSession::finish() {
  if (finished_) return;
  finished_ = true;
  timer_.disarm();
  if (parked_ != nullptr) answer_poll(close_packet);
  out_.clear();
  server_.shared().backlog_bytes.fetch_sub(std::exchange(counted_backlog_, 0), std::memory_order_relaxed);
  server_.forget(*this);
}

}  // namespace relay
