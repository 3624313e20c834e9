#include "app/server.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include <signal.h>

#include "api/static_files.h"
#include "app/cluster_node.h"
#include "app/relay_application.h"
#include "auth/origin_policy.h"
#include "base/build_info.h"
#include "base/check.h"
#include "net/listener.h"
#include "net/trusted_proxy.h"

namespace relay {
namespace {

// A stranger's CONNECT with a token of a hundred long rooms fits.
constexpr std::size_t untrusted_message_bytes_max = 64 * 1024;
// How long after its deadline a bus may still say what became of a publish.
constexpr auto bus_grace = std::chrono::milliseconds(500);

TokenRules token_rules(const AccessSettings& access) {
  TokenRules rules;
  rules.secrets.push_back(access.jwt_signing_secret.reveal());
  for (const Secret& previous : access.jwt_signing_secrets_previous)
    rules.secrets.push_back(previous.reveal());
  rules.issuer = access.jwt_issuer;
  rules.audience = access.jwt_audience;
  rules.clock_tolerance = access.jwt_clock_tolerance;
  rules.lifetime_max = access.jwt_lifetime_max;
  return rules;
}

// The loader has asked these parsers already: what does not parse here is a mistake of ours.
template <typename Value, typename Error>
Value parsed(std::expected<Value, Error> value) {
  RELAY_CHECK(value.has_value());
  return std::move(*value);
}

std::optional<EventSchemas> event_schemas(const EventSettings& events) {
  if (events.schemas_folder.empty()) return std::nullopt;
  auto schemas = parsed(EventSchemas::load(events.schemas_folder));
  if (events.schemas_strict) schemas.refuse_unknown_types();
  return schemas;
}

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ',';
    list += name;
  }
  return list;
}

CorsPolicy cors_policy(const OriginPolicy& origins) {
  if (origins.allows_any()) return {.any_origin = true};
  return {.allows = [&origins](std::string_view origin) { return origins.allows(origin); }};
}

ServerOptions server_options(const Settings& settings) {
  ServerOptions options;
  options.host = settings.listen.host;
  options.port = settings.listen.port;
  options.workers_count = settings.listen.workers;
  options.sessions_max = settings.clients.connections_max;
  options.backlog_total_bytes_max = settings.clients.backlog_total_bytes_max;
  options.http.request_timeout = settings.listen.request_timeout;
  options.http.keep_alive = settings.listen.keep_alive;
  options.hub.connect_timeout = settings.clients.connect_timeout;
  // Half of what would make a slow consumer of a client, so that the end of a replay is none.
  options.hub.replay_bytes_max =
      std::min(options.hub.replay_bytes_max, settings.clients.backlog_bytes_max / 2 + 1);
  options.log.retention_window = settings.events.recovery_window;
  options.log.retained_bytes_max = settings.events.recovery_bytes_max;
  options.log.follows_bus = !settings.redis.url.empty();
  options.hub.bus_timeout = settings.redis.timeout;
  options.timer_tick =
      TimerWheel::tick_for(std::min({settings.clients.ping_interval, settings.clients.ping_timeout,
                                     settings.clients.connect_timeout, settings.clients.upgrade_timeout}));
  return options;
}

EngineOptions engine_options(const Settings& settings, const CorsPolicy& cors) {
  EngineOptions options;
  options.path = settings.clients.socket_path;
  options.ping_interval = settings.clients.ping_interval;
  options.ping_timeout = settings.clients.ping_timeout;
  options.upgrade_timeout = settings.clients.upgrade_timeout;
  options.message_bytes_max = settings.clients.payload_bytes_max;
  options.untrusted_message_bytes_max = untrusted_message_bytes_max;
  options.backlog_bytes_max = settings.clients.backlog_bytes_max;
  options.cors = cors;
  options.trusted_proxies = parsed(TrustedProxies::parse(settings.listen.trust_proxy));
  return options;
}

PublisherOptions publisher_options(const Settings& settings, bool retains) {
  const auto sample = settings.log.sample_over;
  return {.format = {.fixed_name = settings.events.emit_as,
                     .bare_payload = settings.events.envelope == EnvelopeKind::raw,
                     .with_offset = retains},
          // The bus keeps the deadline, and knows what became of the publish.
          .bus_timeout = settings.redis.timeout + bus_grace,
          .bus_remembers_nonces = !settings.redis.url.empty(),
          .log_sample_over = sample == 0 ? 0U
                                         : static_cast<unsigned>(
                                               std::max<std::size_t>(sample / settings.listen.workers, 1))};
}

// What a developer needs in the first minute, for people and not for the log.
void print_dev_hints(const Settings& settings, std::uint16_t port, const Clock& clock) {
  const std::string url = "http://localhost:" + std::to_string(port);
  const auto keys = parsed(ApiKeys::parse(settings.access.api_keys.reveal()));
  MintRequest mint;
  mint.account = "you";
  mint.session_room = "demo";
  mint.scope = {"subscribe", "publish"};
  mint.lifetime = std::chrono::hours(1);
  mint.issuer = settings.access.jwt_issuer;
  mint.audience = settings.access.jwt_audience;
  const std::string token = mint_token(mint, settings.access.jwt_signing_secret.reveal(), clock.wall());
  std::fprintf(stderr, "\n  Socket Relay %.*s, development mode\n\n", static_cast<int>(version().size()),
               version().data());
  for (const std::string& name : settings.notes.generated_secrets) {
    const bool signing = name == "JWT_SIGNING_SECRET";
    const std::string& value =
        signing ? settings.access.jwt_signing_secret.reveal() : settings.access.api_keys.reveal();
    std::fprintf(stderr, "  %s was not set; this run uses\n    %s\n\n", name.c_str(), value.c_str());
  }
  std::fprintf(stderr, "  Try it in a browser\n    %s/\n\n", url.c_str());
  if (keys.first_plain()) {
    std::fprintf(stderr,
                 "  Publish an event to the room \"demo\"\n"
                 "    curl -X POST %s/events -H 'Content-Type: application/json' -H 'X-Relay-Key: %s' \\\n"
                 "      -d '{\"room\":\"demo\",\"type\":\"hello\",\"payload\":{\"from\":\"curl\"}}'\n\n",
                 url.c_str(), keys.first_plain()->c_str());
  }
  std::fprintf(stderr, "  A token for that room, good for an hour\n    %s\n\n", token.c_str());
}

// The first signal begins the drain, a second one ends the process at once. True when none came in time.
bool wait_for_signal(const sigset_t& signals, std::chrono::seconds time) {
  const timespec timeout{.tv_sec = time.count(), .tv_nsec = 0};
  return sigtimedwait(&signals, nullptr, &timeout) < 0;
}

}  // namespace

int serve(const Settings& settings) {
  // Before the first thread, the log's: one that does not block them would be ended by them, and the process
  // with it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a log reader that went away is no reason to stop
  const SystemClock clock;
  Log log({.level = settings.log.level,
           .format = settings.log.format,
           .node = settings.cluster.node_name,
           .descriptor = 1},
          clock);
  for (const std::string& name : settings.notes.unbuilt) {
    log.warn("setting has no effect in this version", {{"setting", name}});
  }

  const TokenRules rules = token_rules(settings.access);
  const TokenVerifier verifier(rules);
  const PrivateIds private_ids(rules.secrets);
  PresenceTable presence;
  const std::optional<EventSchemas> schemas = event_schemas(settings.events);
  const ApiKeys keys = parsed(ApiKeys::parse(settings.access.api_keys.reveal()));
  const ClientEventRules client_events =
      parsed(ClientEventRules::parse(joined(settings.clients.client_events)));
  const OriginPolicy origins = parsed(OriginPolicy::parse(settings.listen.allowed_origins));
  const CorsPolicy cors = cors_policy(origins);
  NonceStore nonces(clock, {.nonces_max = settings.events.nonces_max, .ttl = settings.events.nonce_lifetime});
  std::optional<ClusterNode> cluster;
  ServerOptions options = server_options(settings);
  if (!settings.redis.url.empty()) {
    cluster.emplace(settings, clock, log);
    options.make_bus = [&cluster](unsigned worker, EventLog&) { return cluster->bus().make_port(worker); };
  }
  SocketIoServer server(std::move(options), clock);
  NodeView view{.server = server,
                .clock = clock,
                .log = log,
                .nonces = nonces,
                .node_name = settings.cluster.node_name,
                .started = clock.steady(),
                .relay_probes = {},
                .bus = cluster ? &cluster->bus() : nullptr,
                .ready_redis_grace = settings.life.ready_redis_grace,
                .event_bytes_max = settings.events.event_bytes_max,
                .payload_bytes_max = settings.clients.payload_bytes_max,
                .backlog_bytes_max = settings.clients.backlog_bytes_max,
                .nonce_ttl = settings.events.nonce_lifetime,
                .recovery_window = settings.events.recovery_window};
  RelayNode node{.log = log,
                 .verifier = verifier,
                 .private_ids = private_ids,
                 .keys = keys,
                 .client_events = client_events,
                 .cors = cors,
                 .nonces = nonces,
                 .presence = settings.events.presence_events ? &presence : nullptr,
                 .presence_grace = settings.events.presence_grace,
                 .view = view,
                 .engine = engine_options(settings, cors),
                 .publisher = publisher_options(settings, server.log().retains()),
                 .relay_namespace = {.closes_at_expiry = settings.access.token_expiry == TokenExpiry::close,
                                     .clock_tolerance = settings.access.jwt_clock_tolerance,
                                     .schemas = schemas ? &*schemas : nullptr},
                 .event_bytes_max = settings.events.event_bytes_max,
                 .schemas = schemas ? &*schemas : nullptr,
                 .bus = view.bus,
                 .pages_on_main_listener = !settings.listen.management_port};
  if (settings.life.dev) {
    node.add_further_routes = [&](Router& router) {
      add_try_page(router,
                   {.socket_path = settings.clients.socket_path,
                    .api_key = keys.first_plain().value_or(""),
                    .signing_secret = settings.access.jwt_signing_secret.reveal(),
                    .token_issuer = settings.access.jwt_issuer.value_or(""),
                    .token_audience = settings.access.jwt_audience.value_or(""),
                    .local_names_only = !settings.life.dev_insecure},
                   clock);
    };
  }
  server.add_application(
      [&node](Worker& worker) { return std::make_unique<RelayApplication>(worker, node); });

  if (settings.listen.management_port) {
    auto bound = bind_listeners(settings.listen.management_host, *settings.listen.management_port, 1);
    if (!bound) {
      std::fprintf(stderr, "MANAGEMENT_PORT: %s\n", bound.error().c_str());
      return 2;
    }
    server.workers()[0]->listen_for(bound->descriptors[0], node.applications[0]->management_handler());
    log.info("management listening", {{"host", settings.listen.management_host}, {"port", bound->port}});
  }

  if (cluster) cluster->start(node);
  if (const auto started = server.start(); !started) {
    std::fprintf(stderr, "PORT: %s\n", started.error().c_str());
    if (cluster) cluster->stop();
    return 2;
  }
  log.info("listening", {{"host", settings.listen.host},
                         {"port", server.port()},
                         {"workers", settings.listen.workers},
                         {"version", version()}});
  if (settings.life.dev) print_dev_hints(settings, server.port(), clock);

  int received = 0;
  sigwait(&signals, &received);
  view.draining.store(true, std::memory_order_relaxed);
  log.info("draining", {{"signal", received == SIGINT ? "SIGINT" : "SIGTERM"}});
  if (wait_for_signal(signals, settings.life.ready_delay)) {
    if (cluster) cluster->drain();
    server.stop();
    if (cluster) cluster->stop();
  }
  log.info("stopped");
  log.flush();
  if (!server.is_stopped()) std::_Exit(0);
  return 0;
}

}  // namespace relay
