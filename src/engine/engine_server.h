#pragma once
// Engine.IO v4 on one worker: handshakes, polling, upgrades, and the sessions that live here.
//
// A request for a session of another worker is handed over before anything of it is acted on: the connection
// leaves this loop with its unread bytes, and the whole request is read again there.
//
// Threading: bound to one worker; one for each worker and path.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/keyed_set.h"
#include "engine/engine_options.h"
#include "engine/engine_probe.h"
#include "engine/engine_session.h"
#include "engine/session_error.h"
#include "net/http_connection.h"

namespace relay {

// Which worker this is, and how to reach the others.
struct EngineHome {
  unsigned worker = 0;
  unsigned workers_count = 1;
  std::string incarnation;  // SessionId::incarnation_length characters, the same for all workers of the node
  std::function<void(unsigned worker, ReleasedConnection connection)> hand_over;
  // Called once in the life of the process, when a peer that is no trusted proxy sends forwarding headers.
  std::function<void(const IpAddress& peer)> on_untrusted_proxy = {};
  // Called when a handshake is refused for what its client is or for want of room: "forbidden", "full".
  std::function<void(std::string_view code, const IpAddress& client)> on_handshake_refused = {};
};

class EngineServer final : public HttpHandler {
 public:
  // All references must outlive the server.
  EngineServer(EngineHome home, EngineOptions options, EngineShared& shared, HttpConnections& connections,
               SessionAcceptor& acceptor, EngineProbe& probe);
  ~EngineServer() override;
  EngineServer(const EngineServer&) = delete;
  EngineServer& operator=(const EngineServer&) = delete;

  // Whether a request path is this server's: its path, with or without the slash at the end, or anything
  // below it.
  [[nodiscard]] bool serves(std::string_view path) const noexcept;

  [[nodiscard]] std::optional<std::size_t> on_head(HttpConnection& connection,
                                                   const HttpRequest& request) override;
  void on_request(HttpConnection& connection, const HttpRequest& request) override;
  void on_body_too_large(HttpConnection& connection, const HttpRequest& request) override;
  void on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) override;
  void on_aborted(HttpConnection& connection, const HttpRequest& request) override;

  void close_all(CloseReason reason);

  // ---- for sessions and transports

  [[nodiscard]] const EngineOptions& options() const noexcept { return options_; }
  [[nodiscard]] EngineShared& shared() noexcept { return shared_; }
  [[nodiscard]] EngineProbe& probe() noexcept { return probe_; }
  [[nodiscard]] EventLoop& loop() noexcept { return connections_.loop(); }
  [[nodiscard]] HttpConnections& connections() noexcept { return connections_; }
  // Unfinished bytes of untrusted sessions; false when they would be too many (they then count as 0).
  bool count_unfinished(std::size_t before, std::size_t now);
  // All sessions together have piled up too much: the largest of this worker goes.
  void relieve_backlog();
  void forget(EngineSession& session);
  [[nodiscard]] std::string cors_headers(const HttpRequest& request) const;
  // Transports that have said goodbye and wait for their peer; they must not outlive us.
  void add_lingering(WebsocketTransport& transport) { lingering_.insert(&transport); }
  void remove_lingering(WebsocketTransport& transport) { lingering_.erase(&transport); }

 private:
  [[nodiscard]] std::optional<std::size_t> on_session_request(HttpConnection& connection,
                                                              const HttpRequest& request,
                                                              std::string_view sid, bool upgrade);
  void on_handshake(HttpConnection& connection, const HttpRequest& request, bool websocket);
  void upgrade(HttpConnection& connection, const HttpRequest& request, EngineSession* session);
  void note_refused_handshake(std::string_view code, const HttpConnection& connection,
                              const HttpRequest& request);
  EngineSession& create_session(HttpConnection& connection, const HttpRequest& request);
  [[nodiscard]] IpAddress client_of(const HttpConnection& connection, const HttpRequest& request);
  [[nodiscard]] EngineSession* find(std::string_view sid) const;
  void refuse(HttpConnection& connection, const HttpRequest& request, SessionError error, bool upgrade);

  const EngineHome home_;
  const EngineOptions options_;
  EngineShared& shared_;
  HttpConnections& connections_;
  SessionAcceptor& acceptor_;
  EngineProbe& probe_;
  KeyedSet<std::unique_ptr<EngineSession>, &EngineSession::id> sessions_;
  std::unordered_set<WebsocketTransport*> lingering_;
  std::size_t unfinished_bytes_ = 0;
};

}  // namespace relay
