#include "engine/engine_server.h"

#include <array>
#include <utility>
#include <vector>

#include "engine/websocket_transport.h"
#include "protocol/engineio_open.h"
#include "protocol/query_string.h"
#include "protocol/websocket_handshake.h"

namespace relay {
namespace {

constexpr std::string_view protocol_version = "4";
constexpr std::array<std::string_view, 1> upgrades_from_polling{"websocket"};

bool wants_upgrade(const HttpRequest& request) {
  const auto upgrade = request.header("Upgrade");
  return upgrade && request.method == "GET" && equals_ignoring_case(*upgrade, "websocket");
}

HttpResponse upgrade_refusal(unsigned status, std::string_view message, std::string headers = {}) {
  return {.status = status,
          .content_type = "text/html",
          .body = std::string(message),
          .headers = std::move(headers),
          .close = true};
}

}  // namespace

EngineServer::EngineServer(EngineHome home, EngineOptions options, EngineShared& shared,
                           HttpConnections& connections, SessionAcceptor& acceptor, EngineProbe& probe)
    : home_(std::move(home)),
      options_(std::move(options)),
      shared_(shared),
      connections_(connections),
      acceptor_(acceptor),
      probe_(probe) {}

EngineServer::~EngineServer() {
  close_all(CloseReason::shutting_down);
  while (!lingering_.empty()) (*lingering_.begin())->abort();
  loop().destroy_closed();  // what has just ended still refers to us
}

bool EngineServer::serves(std::string_view path) const noexcept {
  const std::string_view mount = options_.path;
  return path.starts_with(mount) || path == mount.substr(0, mount.size() - 1);
}

std::string EngineServer::cors_headers(const HttpRequest& request) const {
  return options_.cors ? options_.cors->headers_for(request) : std::string();
}

EngineSession* EngineServer::find(std::string_view sid) const {
  const auto found = sessions_.find(sid);
  return found == sessions_.end() ? nullptr : found->get();
}

void EngineServer::refuse(HttpConnection& connection, const HttpRequest& request, SessionError error,
                          bool upgrade) {
  probe_.request_refused(error);
  if (upgrade) {
    connection.respond(upgrade_refusal(400, message_of(error), cors_headers(request)));
    return;
  }
  std::string body = R"({"code":)";
  body += static_cast<char>('0' + static_cast<int>(error));
  body += R"(,"message":")";
  body += message_of(error);
  body += R"("})";
  connection.respond({.status = http_status(error),
                      .content_type = "application/json",
                      .body = std::move(body),
                      .headers = cors_headers(request)});
}

// The order of these checks is what clients and the conformance suites know: the transport, then the session
// or the method, then the origin, and the protocol version last.
std::optional<std::size_t> EngineServer::on_head(HttpConnection& connection, const HttpRequest& request) {
  if (options_.cors && request.method == "OPTIONS") {
    connection.respond(options_.cors->preflight(request));
    return std::nullopt;
  }
  const bool upgrade = wants_upgrade(request);
  const QueryString query(request.query);
  const std::string transport = query.get("transport").value_or("");
  if (transport != "polling" && transport != "websocket") {
    refuse(connection, request, SessionError::transport_unknown, upgrade);
    return std::nullopt;
  }
  // A WebSocket handshake that asks for polling would be neither.
  const bool mismatch = upgrade != (transport == "websocket");
  const std::string sid = query.get("sid").value_or("");
  if (!sid.empty()) {
    const auto slot = SessionId::slot_of(sid, home_.incarnation);
    if (slot && *slot % home_.workers_count != home_.worker) {
      home_.hand_over(*slot % home_.workers_count, connection.release_from_loop());
      return std::nullopt;
    }
    if (find(sid) == nullptr) {
      refuse(connection, request, SessionError::session_unknown, upgrade);
      return std::nullopt;
    }
    if (mismatch || query.get("EIO") != protocol_version) {
      refuse(connection, request, SessionError::bad_request, upgrade);
      return std::nullopt;
    }
    return on_session_request(connection, request, sid, upgrade);
  }
  const bool origin_refused = options_.cors && !options_.cors->permits(request);
  if (request.method != "GET") {
    refuse(connection, request, SessionError::bad_handshake_method, upgrade);
  } else if (mismatch) {
    refuse(connection, request, SessionError::bad_request, upgrade);
  } else if (origin_refused) {
    note_refused_handshake("forbidden", connection, request);
    refuse(connection, request, SessionError::forbidden, upgrade);
  } else if (query.get("EIO") != protocol_version) {
    refuse(connection, request, SessionError::unsupported_protocol, upgrade);
  } else {
    on_handshake(connection, request, upgrade);
  }
  return std::nullopt;
}

std::optional<std::size_t> EngineServer::on_session_request(HttpConnection& connection,
                                                            const HttpRequest& request, std::string_view sid,
                                                            bool is_upgrade) {
  EngineSession& session = *find(sid);
  if (is_upgrade) {
    upgrade(connection, request, &session);
  } else if (session.transport_name() == "websocket") {
    refuse(connection, request, SessionError::bad_request, false);
  } else if (request.method == "GET") {
    session.on_poll(connection, request);
  } else if (request.method != "POST") {
    connection.respond({.status = 500, .content_type = {}, .body = {}, .headers = cors_headers(request)});
  } else if (!session.is_open()) {
    refuse(connection, request, SessionError::session_unknown, false);
  } else if (session.on_post_head(connection, request)) {
    return session.message_bytes_max();
  }
  return std::nullopt;
}

void EngineServer::on_request(HttpConnection& connection, const HttpRequest& request) {
  // The session may have closed while the body was coming.
  EngineSession* const session = find(QueryString(request.query).get("sid").value_or(""));
  if (session == nullptr || !session->is_open()) {
    refuse(connection, request, SessionError::session_unknown, false);
    return;
  }
  session->on_post_body(connection, request);
}

void EngineServer::on_body_too_large(HttpConnection& connection, const HttpRequest& request) {
  // The session is unharmed: it may be asked again, in pieces.
  if (EngineSession* const session = find(QueryString(request.query).get("sid").value_or(""))) {
    session->on_post_refused();
  }
  connection.respond(
      {.status = 413, .content_type = {}, .body = {}, .headers = cors_headers(request), .close = true});
}

void EngineServer::on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) {
  connection.respond(upgrade_refusal(status, detail));
}

void EngineServer::on_aborted(HttpConnection& /*connection*/, const HttpRequest& request) {
  if (EngineSession* const session = find(QueryString(request.query).get("sid").value_or(""))) {
    session->on_post_aborted();
  }
}

IpAddress EngineServer::client_of(const HttpConnection& connection, const HttpRequest& request) {
  const std::string forwarded = request.joined_header("Forwarded");
  const std::string x_forwarded_for = request.joined_header("X-Forwarded-For");
  if (forwarded.empty() && x_forwarded_for.empty()) return connection.peer();
  if (!options_.trusted_proxies.trusts(connection.peer())) {
    if (home_.on_untrusted_proxy && !shared_.proxy_header_noted.exchange(true, std::memory_order_relaxed)) {
      home_.on_untrusted_proxy(connection.peer());
    }
    return connection.peer();
  }
  return options_.trusted_proxies.client_address(connection.peer(), forwarded, x_forwarded_for);
}

void EngineServer::note_refused_handshake(std::string_view code, const HttpConnection& connection,
                                          const HttpRequest& request) {
  if (home_.on_handshake_refused) home_.on_handshake_refused(code, client_of(connection, request));
}

EngineSession& EngineServer::create_session(HttpConnection& connection, const HttpRequest& request) {
  // Any slot of this worker will do; one fixed slot keeps the name short of meaning.
  const SessionId id = SessionId::make(home_.worker, home_.incarnation);
  auto owned = std::make_unique<EngineSession>(*this, id, client_of(connection, request));
  EngineSession& session = *owned;
  sessions_.insert(std::move(owned));
  session.open(acceptor_.accept(session, request));
  return session;
}

void EngineServer::on_handshake(HttpConnection& connection, const HttpRequest& request, bool websocket) {
  if (shared_.sessions.fetch_add(1, std::memory_order_relaxed) >= shared_.sessions_max) {
    shared_.sessions.fetch_sub(1, std::memory_order_relaxed);
    probe_.refused_full.add();
    note_refused_handshake("full", connection, request);
    connection.respond({.status = 503,
                        .content_type = "text/plain",
                        .body = "Too many connections",
                        .headers = "Retry-After: 1\r\n" + cors_headers(request),
                        .close = websocket});
    return;
  }
  if (websocket) {
    upgrade(connection, request, nullptr);
    return;
  }
  EngineSession& session = create_session(connection, request);
  const std::string open = engineio::open_packet({.sid = session.id(),
                                                  .upgrades = upgrades_from_polling,
                                                  .ping_interval = options_.ping_interval,
                                                  .ping_timeout = options_.ping_timeout,
                                                  .payload_bytes_max = options_.message_bytes_max});
  connection.respond({.status = 200,
                      .content_type = "text/plain; charset=UTF-8",
                      .body = open,
                      .headers = "cache-control: no-store\r\n" + cors_headers(request)});
}

// With a session: a transport for it. Without: a new session that begins on this transport, already counted.
void EngineServer::upgrade(HttpConnection& connection, const HttpRequest& request, EngineSession* session) {
  const std::string connection_tokens = request.joined_header("Connection");
  const std::string_view key = request.header("Sec-WebSocket-Key").value_or("");
  const auto handshake =
      websocket::check_handshake({.upgrade = request.header("Upgrade").value_or(""),
                                  .connection = connection_tokens,
                                  .key = key,
                                  .version = request.header("Sec-WebSocket-Version").value_or("")});
  if (!handshake) {
    if (session == nullptr) shared_.sessions.fetch_sub(1, std::memory_order_relaxed);
    std::string headers = cors_headers(request);
    if (handshake.error() == websocket::HandshakeError::unsupported_version) {
      headers += "Sec-WebSocket-Version: " + std::string(websocket::supported_versions) + "\r\n";
    }
    connection.respond(upgrade_refusal(400, websocket::describe(handshake.error()), std::move(headers)));
    return;
  }
  std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  answer += "Sec-WebSocket-Accept: " + websocket::accept_key(key) + "\r\n";
  if (const auto protocols = request.header("Sec-WebSocket-Protocol")) {
    if (const auto first = websocket::first_subprotocol(*protocols); !first.empty()) {
      answer += "Sec-WebSocket-Protocol: " + std::string(first) + "\r\n";
    }
  }
  answer += cors_headers(request) + "\r\n";

  if (session == nullptr) {
    EngineSession& fresh = create_session(connection, request);
    ReleasedConnection taken = connection.take_over();
    auto transport = std::make_unique<WebsocketTransport>(*this, std::move(taken.stream));
    // One write for the handshake's answer and the first packet.
    auto head = std::make_shared<EncodedPacket>();
    head->bytes = std::move(answer);
    fresh.send(Frame(std::move(head)));
    fresh.send_text(engineio::open_packet({.sid = fresh.id(),
                                           .upgrades = {},
                                           .ping_interval = options_.ping_interval,
                                           .ping_timeout = options_.ping_timeout,
                                           .payload_bytes_max = options_.message_bytes_max}));
    fresh.begin_on_websocket(std::move(transport), taken.bytes);
    return;
  }
  ReleasedConnection taken = connection.take_over();
  auto transport = std::make_unique<WebsocketTransport>(*this, std::move(taken.stream));
  if (!transport->write_now(answer)) {
    transport.release()->abort();
    return;
  }
  session->on_websocket(std::move(transport), taken.bytes);
}

bool EngineServer::count_unfinished(std::size_t before, std::size_t now) {
  unfinished_bytes_ = unfinished_bytes_ - before + now;
  if (now <= before || unfinished_bytes_ <= options_.untrusted_bytes_total_max) return true;
  unfinished_bytes_ -= now;
  probe_.untrusted_overflows.add();
  return false;
}

void EngineServer::relieve_backlog() {
  EngineSession* largest = nullptr;
  for (const auto& session : sessions_) {
    if (largest == nullptr || session->counted_backlog_ > largest->counted_backlog_) largest = session.get();
  }
  if (largest != nullptr && largest->counted_backlog_ > 0) largest->close(CloseReason::slow_consumer);
}

void EngineServer::forget(EngineSession& session) {
  const auto found = sessions_.find(session.id());
  if (found == sessions_.end()) return;
  std::unique_ptr<LoopObject> dying = std::move(sessions_.extract(found).value());
  shared_.sessions.fetch_sub(1, std::memory_order_relaxed);
  loop().destroy_later(std::move(dying));
}

void EngineServer::close_all(CloseReason reason) {
  std::vector<EngineSession*> all;
  all.reserve(sessions_.size());
  for (const auto& session : sessions_) all.push_back(session.get());
  for (EngineSession* const session : all) {
    session->close(reason);
    if (reason == CloseReason::shutting_down) session->finish();
  }
}

}  // namespace relay
