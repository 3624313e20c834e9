#pragma once
// The relay on one worker: its namespace, its publisher and its HTTP routes, built on the Socket.IO server.

#include <memory>

#include "api/node_view.h"
#include "api/publish_handler.h"
#include "api/room_handler.h"
#include "api/router.h"
#include "auth/api_key.h"
#include "auth/client_token.h"
#include "engine/engine_options.h"
#include "relay/client_event_rules.h"
#include "relay/nonce_store.h"
#include "relay/presence_table.h"
#include "relay/private_id.h"
#include "relay/publisher.h"
#include "relay/relay_namespace.h"
#include "relay/room_presence.h"
#include "server/application.h"
#include "server/socketio_server.h"

namespace relay {

class RelayApplication;

// What all workers of the relay share, and how it was set up. Threading: read by every worker, changed by
// none while they run, but for what says otherwise.
struct RelayNode {
  Log& log;
  const TokenVerifier& verifier;
  const PrivateIds& private_ids;
  const ApiKeys& keys;
  const ClientEventRules& client_events;
  const CorsPolicy& cors;
  NonceStore& nonces;
  PresenceTable* presence;  // null: nobody is told who comes and goes
  std::chrono::seconds presence_grace;
  NodeView& view;
  EngineOptions engine;
  PublisherOptions publisher;
  RelayNamespaceOptions relay_namespace;
  std::size_t event_bytes_max;
  const EventSchemas* schemas;  // null: none
  RedisBus* bus = nullptr;      // null: this node is alone
  bool pages_on_main_listener;  // /info and /metrics: not when there is a management listener
  std::function<void(Router&)> add_further_routes = {};  // the try-it page
  std::vector<RelayApplication*> applications = {};      // by worker, complete before the workers run
};

class RelayApplication final : public Application {
 public:
  // Both must outlive it.
  RelayApplication(Worker& worker, RelayNode& node);
  ~RelayApplication() override;

  [[nodiscard]] HttpHandler* http_handler(std::string_view path) override;
  [[nodiscard]] HttpHandler& fallback_handler() override { return router_; }
  void before_close() override;

  [[nodiscard]] RelayNamespace& relay_namespace() noexcept { return namespace_; }
  [[nodiscard]] HttpHandler& management_handler() noexcept { return management_; }

 private:
  void add_pages(Router& router) const;

  RelayNode& node_;
  Publisher publisher_;
  std::unique_ptr<RoomPresence> presence_;
  RelayNamespace namespace_;
  PublishHandler publish_handler_;
  RoomHandler room_handler_;
  Router router_;
  Router management_;
};

}  // namespace relay
