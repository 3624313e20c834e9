#pragma once
// GET /rooms/{room}/events and /rooms/{room}/presence: what a room has seen, and who is in it.
//
// For an API key, or a client's token for that room. One for each worker. Threading: bound to it.

#include <cstddef>
#include <string>
#include <string_view>

#include "auth/api_key.h"
#include "auth/client_token.h"
#include "cluster/redis_bus.h"
#include "engine/cors.h"
#include "hub/local_hub.h"
#include "net/http_connection.h"
#include "net/http_handler.h"

namespace relay {

class RoomHandler final : public HttpHandler {
 public:
  static constexpr std::string_view path_prefix = "/rooms/";
  static constexpr std::size_t events_default = 100;
  static constexpr std::size_t events_max = 1000;
  // A page ends early when it holds that much; `next` says where to go on.
  static constexpr std::size_t page_bytes_max = 4 * 1024 * 1024;

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
  [[nodiscard]] std::optional<HttpResponse> refusal(const HttpRequest& request, std::string_view room,
                                                    const std::string& cors) const;
  [[nodiscard]] HttpResponse events_page(const HttpRequest& request, const std::string& room,
                                         std::string cors) const;
  void answer_presence(HttpConnection& connection, const std::string& room, std::string cors);

  HttpConnections& connections_;
  LocalHub& hub_;
  const ApiKeys& keys_;
  const TokenVerifier& verifier_;
  const CorsPolicy& cors_;
  RedisBus* const bus_;  // null: this node is alone
};

}  // namespace relay
