#pragma once
// GET /rooms/{room}/events and /rooms/{room}/presence: what a room has seen, and who is in it.
//
// For an API key, or a client's token for that room. One for each worker. Threading: bound to it.

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "api/history_page.h"
#include "auth/api_key.h"
#include "auth/client_token.h"
#include "cluster/redis_bus.h"
#include "engine/cors.h"
#include "hub/local_hub.h"
#include "net/http_connection.h"
#include "net/http_handler.h"
#include "net/timer_wheel.h"

namespace relay {

class RoomHandler final : public HttpHandler {
 public:
  static constexpr std::string_view path_prefix = "/rooms/";
  // Pages that wait for what another node has heard already; further ones are answered with what there is.
  static constexpr std::size_t waiting_max = 1024;

  // All must outlive the handler, and `connections` must be those that it is called with.
  RoomHandler(HttpConnections& connections, LocalHub& hub, const ApiKeys& keys, const TokenVerifier& verifier,
              const CorsPolicy& cors, RedisBus* bus);

  [[nodiscard]] std::optional<std::size_t> on_head(HttpConnection& connection,
                                                   const HttpRequest& request) override;
  void on_request(HttpConnection& connection, const HttpRequest& request) override;
  void on_body_too_large(HttpConnection& connection, const HttpRequest& request) override;
  void on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) override;
  void on_aborted(HttpConnection& connection, const HttpRequest& request) override;

 private:
  struct Waiting {
    Handle connection;
    SteadyTime deadline;
    HistoryWish wish;
    std::string cors;
  };

  [[nodiscard]] std::optional<HttpResponse> refusal(const HttpRequest& request, std::string_view room,
                                                    const std::string& cors) const;
  void answer_events(HttpConnection& connection, HistoryWish wish, std::string cors);
  void end_wait(Handle connection);
  void on_overdue();
  void answer_presence(HttpConnection& connection, const std::string& room, std::string cors);

  HttpConnections& connections_;
  LocalHub& hub_;
  const ApiKeys& keys_;
  const TokenVerifier& verifier_;
  const CorsPolicy& cors_;
  RedisBus* const bus_;          // null: this node is alone
  std::deque<Waiting> waiting_;  // the first has waited longest
  MemberTimer<RoomHandler, &RoomHandler::on_overdue> overdue_{*this};
};

}  // namespace relay
