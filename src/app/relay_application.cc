#include "app/relay_application.h"

#include <utility>

#include "api/node_pages.h"
#include "api/openapi_page.h"
#include "api/prometheus_exporter.h"
#include "api/static_files.h"

namespace relay {

RelayApplication::RelayApplication(Worker& worker, RelayNode& node)
    : node_(node),
      publisher_(worker.hub(), node.nonces, node.log, node.publisher,
                 [&node](unsigned target, std::move_only_function<void(Publisher&)> task) {
                   node.view.server.workers()[target]->post(
                       WorkerTask([&node, target, work = std::move(task)]() mutable {
                         work(node.applications[target]->publisher_);
                       }));
                 }),
      presence_(node.presence == nullptr ? nullptr
                                         : std::make_unique<RoomPresence>(worker.hub(), *node.presence,
                                                                          node.presence_grace, node.bus)),
      namespace_(worker.hub(), node.verifier, node.private_ids, node.client_events, publisher_,
                 presence_.get(), node.log, node.relay_namespace),
      publish_handler_(
          worker.connections(), node.keys, publisher_,
          {.event_bytes_max = node.event_bytes_max, .worker = worker.index(), .schemas = node.schemas}),
      room_handler_(worker.connections(), worker.hub(), node.keys, node.verifier, node.cors, node.bus) {
  node.applications.push_back(this);
  node.view.relay_probes.push_back(&publisher_.probe());

  worker.hub().set_handshake_reader(read_bearer_token);
  worker.hub().add_namespace("/", namespace_);
  worker.set_untrusted_proxy_notice([&log = node.log](const IpAddress& peer) {
    log.warn("forwarding header of an untrusted peer ignored",
             {{"ip", peer.to_string()}, {"setting", "TRUST_PROXY"}});
  });
  worker.set_refusal_notice([&log = node.log](std::string_view code, const IpAddress& client) {
    log.info("handshake refused", {{"code", code}, {"ip", client.to_string()}});
  });
  worker.mount(node.engine);

  // The order is that of the look-up.
  router_.post("/events", publish_handler_);
  router_.mount(std::string(RoomHandler::path_prefix), room_handler_);
  add_client_bundle(router_, node.engine.path, node.cors);
  router_.get("/healthz", [&view = node.view](const HttpRequest&) { return health_page(view); });
  router_.get("/readyz", [&view = node.view](const HttpRequest&) { return ready_page(view); });
  router_.get("/openapi.json", [](const HttpRequest&) { return openapi_page(); });
  if (node.pages_on_main_listener) add_pages(router_);
  if (node.add_further_routes) node.add_further_routes(router_);
  management_.get("/healthz", [&view = node.view](const HttpRequest&) { return health_page(view); });
  management_.get("/readyz", [&view = node.view](const HttpRequest&) { return ready_page(view); });
  management_.get("/openapi.json", [](const HttpRequest&) { return openapi_page(); });
  add_pages(management_);
}

RelayApplication::~RelayApplication() = default;

void RelayApplication::add_pages(Router& router) const {
  router.get("/info", [&view = node_.view](const HttpRequest&) { return info_page(view); });
  router.get("/metrics",
             [&view = node_.view](const HttpRequest& request) { return metrics_page(view, request); });
}

HttpHandler* RelayApplication::http_handler(std::string_view path) {
  return router_.knows(path) ? &router_ : nullptr;
}

void RelayApplication::before_close() {
  namespace_.announce_closing(ClosingCode::draining);
}

}  // namespace relay
