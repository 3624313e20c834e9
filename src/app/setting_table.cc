#include "app/setting_table.h"

#include <algorithm>
#include <array>

#include "app/setting_parsers.h"
#include "base/random.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using enum SettingGroup;
using enum SettingKind;
using enum SettingPart;

constexpr std::uint64_t day_s = 86400;
constexpr std::uint64_t year_s = 366 * day_s;
constexpr std::uint64_t hour_ms = 3'600'000;
constexpr std::uint64_t tebibyte = std::uint64_t{1} << 40;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

// A parser for the field `member` of the group `part` of the settings.
template <auto part, auto member, auto parse>
std::expected<void, std::string> into(std::string_view text, Settings& settings) {
  auto value = parse(text);
  if (!value) return std::unexpected(std::move(value.error()));
  settings.*part.*member = *std::move(value);
  return {};
}

template <auto member, auto parse>
constexpr auto listen_ = into<&Settings::listen, member, parse>;
template <auto member, auto parse>
constexpr auto access_ = into<&Settings::access, member, parse>;
template <auto member, auto parse>
constexpr auto clients_ = into<&Settings::clients, member, parse>;
template <auto member, auto parse>
constexpr auto events_ = into<&Settings::events, member, parse>;
template <auto member>
constexpr auto rates_ = into<&Settings::rates, member, parse_rate>;
template <auto member, auto parse>
constexpr auto redis_ = into<&Settings::redis, member, parse>;
template <auto member, auto parse>
constexpr auto cluster_ = into<&Settings::cluster, member, parse>;
template <auto member, auto parse>
constexpr auto webhooks_ = into<&Settings::webhooks, member, parse>;
template <auto member, auto parse>
constexpr auto log_ = into<&Settings::log, member, parse>;
template <auto member, auto parse>
constexpr auto life_ = into<&Settings::life, member, parse>;

constexpr auto port_ = parse_number<std::uint16_t, 0, 65535>;
template <std::uint64_t smallest, std::uint64_t largest>
constexpr auto count_ = parse_number<std::size_t, smallest, largest>;
template <std::uint64_t smallest, std::uint64_t largest>
constexpr auto seconds_ = parse_duration<seconds, smallest, largest>;
template <std::uint64_t smallest, std::uint64_t largest>
constexpr auto milliseconds_ = parse_duration<milliseconds, smallest, largest>;

using Listen = ListenSettings;
using Access = AccessSettings;
using Clients = ClientSettings;
using Events = EventSettings;
using Rates = RateSettings;
using Redis = RedisSettings;
using Cluster = ClusterSettings;
using Webhooks = WebhookSettings;
using Logs = LogSettings;
using Life = LifeSettings;

constexpr SettingDescription table[] = {
    {.name = "HOST",
     .default_value = "0.0.0.0",
     .default_words = "`0.0.0.0`; with `DEV` `127.0.0.1`",
     .meaning = "address to listen on",
     .group = listening,
     .parse = listen_<&Listen::host, parse_host>},
    {.name = "PORT",
     .default_value = "4000",
     .meaning = "port to listen on; 0 picks one and logs it",
     .group = listening,
     .parse = listen_<&Listen::port, port_>},
    {.name = "MANAGEMENT_HOST",
     .default_value = "127.0.0.1",
     .meaning = "address of the management port",
     .group = listening,
     .parse = listen_<&Listen::management_host, parse_host>},
    {.name = "MANAGEMENT_PORT",
     .meaning = "when set, /metrics, /info and /admin are served only there",
     .group = listening,
     .parse = listen_<&Listen::management_port, port_>},
    {.name = "KEEP_ALIVE_S",
     .default_value = "75",
     .meaning = "seconds an HTTP connection may idle; more than the load balancer's",
     .group = listening,
     .parse = listen_<&Listen::keep_alive, seconds_<1, day_s>>},
    {.name = "REQUEST_TIMEOUT_S",
     .default_value = "15",
     .meaning = "seconds for a whole request head, and again for a whole body",
     .group = listening,
     .parse = listen_<&Listen::request_timeout, seconds_<1, 3600>>},
    {.name = "WORKERS",
     .default_words = "the CPUs this process may use",
     .meaning = "worker threads, 1 to 64",
     .group = listening,
     .parse = listen_<&Listen::workers, parse_number<unsigned, 1, workers_max>>},
    {.name = "ALLOWED_ORIGINS",
     .default_value = "*",
     .meaning = "origins browsers may connect from, comma-separated; https://*.example.com for subdomains",
     .group = listening,
     .parse = listen_<&Listen::allowed_origins, parse_origins>},
    {.name = "TRUST_PROXY",
     .meaning = "whose X-Forwarded-For and Forwarded is believed: CIDRs, private, or a number of hops",
     .group = listening,
     .parse = listen_<&Listen::trust_proxy, parse_trust_proxy>},
    {.name = "TLS_CERT_FILE",
     .meaning = "certificate chain (PEM) for HTTPS and WSS without a proxy",
     .group = listening,
     .part = refused,
     .parse = listen_<&Listen::tls_certificate_file, parse_readable_file>},
    {.name = "TLS_KEY_FILE",
     .meaning = "private key (PEM) of the certificate",
     .group = listening,
     .part = refused,
     .parse = listen_<&Listen::tls_key_file, parse_readable_file>},

    {.name = "JWT_SIGNING_SECRET",
     .default_words = "required",
     .meaning = "HS256 key shared with the backend: at least 32 bytes, no commas",
     .group = access,
     .kind = secret,
     .parse = access_<&Access::jwt_signing_secret, parse_signing_secret>},
    {.name = "JWT_SIGNING_SECRET_PREVIOUS",
     .meaning = "older keys still accepted, comma-separated",
     .group = access,
     .kind = secret,
     .parse = access_<&Access::jwt_signing_secrets_previous, parse_previous_signing_secrets>},
    {.name = "JWT_ISSUER",
     .meaning = "when set, a token's iss must be this",
     .group = access,
     .parse = access_<&Access::jwt_issuer, parse_text>},
    {.name = "JWT_AUDIENCE",
     .meaning = "when set, a token's aud must be or hold this",
     .group = access,
     .parse = access_<&Access::jwt_audience, parse_text>},
    {.name = "JWT_CLOCK_TOLERANCE_S",
     .default_value = "5",
     .meaning = "leeway in seconds for exp, nbf and iat",
     .group = access,
     .parse = access_<&Access::jwt_clock_tolerance, seconds_<0, 3600>>},
    {.name = "JWT_MAX_TTL_S",
     .default_value = "86400",
     .meaning = "longest life of a token in seconds; 0: any",
     .group = access,
     .parse = access_<&Access::jwt_lifetime_max, seconds_<0, 10 * year_s>>},
    {.name = "TOKEN_EXPIRY",
     .default_value = "close",
     .meaning = "close: a connection ends with its token; connect: exp is checked at CONNECT only",
     .group = access,
     .parse = access_<&Access::token_expiry, parse_choice<TokenExpiry>>},
    {.name = "RELAY_API_KEY",
     .default_words = "required",
     .meaning = "publish keys, comma-separated: at least 16 bytes, or sha256:<64 hex> of one",
     .group = access,
     .kind = secret,
     .parse = access_<&Access::api_keys, parse_api_keys>},
    {.name = "RELAY_ADMIN_KEY",
     .meaning = "turns on the admin API; the same forms",
     .group = access,
     .kind = secret,
     .part = ignored,
     .parse = access_<&Access::admin_keys, parse_api_keys>},

    {.name = "SOCKET_PATH",
     .default_value = "/socket.io/",
     .meaning = "path of the Socket.IO endpoint",
     .group = clients,
     .parse = clients_<&Clients::socket_path, parse_socket_path>},
    {.name = "PING_INTERVAL_MS",
     .default_value = "25000",
     .meaning = "milliseconds between two heartbeats",
     .group = clients,
     .parse = clients_<&Clients::ping_interval, milliseconds_<100, hour_ms>>},
    {.name = "PING_TIMEOUT_MS",
     .default_value = "20000",
     .meaning = "milliseconds a client may take to answer a heartbeat",
     .group = clients,
     .parse = clients_<&Clients::ping_timeout, milliseconds_<100, hour_ms>>},
    {.name = "CONNECT_TIMEOUT_MS",
     .default_value = "45000",
     .meaning = "milliseconds a client may take to send its CONNECT",
     .group = clients,
     .parse = clients_<&Clients::connect_timeout, milliseconds_<100, hour_ms>>},
    {.name = "UPGRADE_TIMEOUT_MS",
     .default_value = "10000",
     .meaning = "milliseconds for the upgrade from polling to WebSocket",
     .group = clients,
     .parse = clients_<&Clients::upgrade_timeout, milliseconds_<100, hour_ms>>},
    {.name = "MAX_PAYLOAD_BYTES",
     .default_value = "1000000",
     .meaning = "largest message from a client",
     .group = clients,
     .parse = clients_<&Clients::payload_bytes_max, count_<256, 1024 * mebibyte>>},
    {.name = "MAX_BACKLOG_BYTES",
     .default_value = "1048576",
     .meaning = "unsent bytes after which a slow client is closed",
     .group = clients,
     .parse = clients_<&Clients::backlog_bytes_max, count_<4096, tebibyte>>},
    {.name = "MAX_BACKLOG_TOTAL_BYTES",
     .default_words = "a quarter of the memory limit",
     .meaning = "the same over all clients: the largest backlog goes first",
     .group = clients,
     .parse = clients_<&Clients::backlog_total_bytes_max, count_<4096, tebibyte>>},
    {.name = "MAX_CONNECTIONS",
     .default_words = "from the file limit",
     .meaning = "Socket.IO sessions; above it a handshake gets 503",
     .group = clients,
     .parse = clients_<&Clients::connections_max, count_<1, 10'000'000>>},
    {.name = "CLIENT_EVENTS",
     .default_value = "client.*",
     .meaning = "event names clients may emit, comma-separated, * at the end; empty: none",
     .group = clients,
     .empty_is_a_value = true,
     .parse = clients_<&Clients::client_events, parse_client_events>},

    {.name = "MAX_EVENT_BYTES",
     .default_value = "262144",
     .meaning = "largest published event",
     .group = events,
     .parse = events_<&Events::event_bytes_max, count_<256, 64 * mebibyte>>},
    {.name = "EMIT_AS",
     .default_value = "type",
     .meaning = "Socket.IO event name: type (the event's own) or a fixed name",
     .group = events,
     .parse = events_<&Events::emit_as, parse_emit_as>},
    {.name = "ENVELOPE",
     .default_value = "standard",
     .meaning = "standard: clients get {type, payload, issuedAt}; raw: the payload itself",
     .group = events,
     .parse = events_<&Events::envelope, parse_choice<EnvelopeKind>>},
    {.name = "EVENT_SCHEMAS",
     .meaning = "folder of <type>.json schemas that payloads must match",
     .group = events,
     .parse = events_<&Events::schemas_folder, parse_existing_folder>},
    {.name = "EVENT_SCHEMAS_STRICT",
     .default_value = "false",
     .meaning = "refuse events whose type has no schema",
     .group = events,
     .kind = toggle,
     .parse = events_<&Events::schemas_strict, parse_switch>},
    {.name = "NONCE_TTL_S",
     .default_value = "3600",
     .meaning = "seconds a nonce is remembered",
     .group = events,
     .parse = events_<&Events::nonce_lifetime, seconds_<1, 30 * day_s>>},
    {.name = "NONCE_MAX",
     .default_value = "500000",
     .meaning = "nonces remembered at most",
     .group = events,
     .parse = events_<&Events::nonces_max, count_<1, 100'000'000>>},
    {.name = "RECOVERY_WINDOW_S",
     .default_value = "120",
     .meaning = "seconds events are retained for recovery and history; 0: off",
     .group = events,
     .parse = events_<&Events::recovery_window, seconds_<0, 7 * day_s>>},
    {.name = "RECOVERY_MAX_BYTES",
     .default_value = "67108864",
     .meaning = "bytes retained at most, with all bookkeeping; 0: off",
     .group = events,
     .parse = events_<&Events::recovery_bytes_max, count_<0, tebibyte>>},
    {.name = "PRESENCE_EVENTS",
     .default_value = "false",
     .meaning = "rooms are told who joins and leaves",
     .group = events,
     .kind = toggle,
     .parse = events_<&Events::presence_events, parse_switch>},
    {.name = "PRESENCE_GRACE_S",
     .default_value = "15",
     .meaning = "seconds an account may be away before it has left",
     .group = events,
     .parse = events_<&Events::presence_grace, seconds_<0, 3600>>},

    {.name = "RATE_LIMIT_IP",
     .default_value = "500/s",
     .meaning = "Socket.IO handshakes of one IP address",
     .group = rates,
     .part = ignored,
     .parse = rates_<&Rates::ip>},
    {.name = "RATE_LIMIT_AUTH_FAILURES",
     .default_value = "300/m",
     .meaning = "failed keys, and failed tokens, of one IP address",
     .group = rates,
     .part = ignored,
     .parse = rates_<&Rates::auth_failures>},
    {.name = "RATE_LIMIT_PUBLISH",
     .default_value = "0",
     .meaning = "events of one API key",
     .group = rates,
     .part = ignored,
     .parse = rates_<&Rates::publish>},
    {.name = "RATE_LIMIT_SESSION",
     .default_value = "1000/s",
     .meaning = "events into one room",
     .group = rates,
     .part = ignored,
     .parse = rates_<&Rates::session>},
    {.name = "RATE_LIMIT_SOCKET",
     .default_value = "100/s:1000",
     .meaning = "messages from one client",
     .group = rates,
     .part = ignored,
     .parse = rates_<&Rates::socket>},

    {.name = "REDIS_URL",
     .meaning = "the Redis that several nodes share: redis://user:password@host:6379/0",
     .group = redis,
     .kind = url,
     .parse = redis_<&Redis::url, parse_redis_url>},
    {.name = "REDIS_ADAPTER",
     .default_value = "pubsub",
     .meaning = "pubsub, sharded or streams",
     .group = redis,
     .parse = redis_<&Redis::adapter, parse_choice<RedisAdapter>>},
    {.name = "REDIS_KEY_PREFIX",
     .default_value = "socket.io",
     .meaning = "prefix of channels, name of the stream",
     .group = redis,
     .parse = redis_<&Redis::key_prefix, parse_text>},
    {.name = "REDIS_STREAM_MAXLEN",
     .default_value = "10000",
     .meaning = "streams: entries kept, approximately",
     .group = redis,
     .parse = redis_<&Redis::stream_length_max, count_<1, 1'000'000'000>>},
    {.name = "REDIS_SHARDED_MODE",
     .default_value = "dynamic",
     .meaning = "sharded: static, dynamic or dynamic-private, as the Node peers have it",
     .group = redis,
     .part = ignored,
     .parse = redis_<&Redis::sharded_mode, parse_choice<RedisShardedMode>>},
    {.name = "REDIS_PEERS",
     .default_value = "relays",
     .meaning = "relays: only relays share the bus, authenticated; mixed: Node servers as well",
     .group = redis,
     .parse = redis_<&Redis::peers, parse_choice<RedisPeers>>},
    {.name = "REDIS_TIMEOUT_MS",
     .default_value = "2000",
     .meaning = "milliseconds a publish waits for Redis before it gets 503",
     .group = redis,
     .parse = redis_<&Redis::timeout, milliseconds_<1, 60000>>},

    {.name = "NODE_NAME",
     .default_words = "random",
     .meaning = "this node's name in logs, metrics and /info",
     .group = cluster,
     .parse = cluster_<&Cluster::node_name, parse_text>},
    {.name = "CLUSTER_HOST",
     .meaning = "address of the listener for the other relays",
     .group = cluster,
     .part = ignored,
     .parse = cluster_<&Cluster::host, parse_host>},
    {.name = "CLUSTER_PORT",
     .meaning = "port of that listener",
     .group = cluster,
     .part = ignored,
     .parse = cluster_<&Cluster::port, port_>},
    {.name = "CLUSTER_ADVERTISE",
     .meaning = "host:port at which the other relays reach it",
     .group = cluster,
     .part = ignored,
     .parse = cluster_<&Cluster::advertise, parse_host_and_port>},
    {.name = "CLUSTER_SECRET",
     .default_words = "derived from `JWT_SIGNING_SECRET`",
     .meaning = "authenticates relays to each other: at least 32 bytes",
     .group = cluster,
     .kind = secret,
     .parse = cluster_<&Cluster::secret, parse_cluster_secret>},

    {.name = "WEBHOOK_URL",
     .meaning = "where webhooks are sent",
     .group = webhooks,
     .kind = url,
     .part = ignored,
     .parse = webhooks_<&Webhooks::url, parse_webhook_url>},
    {.name = "WEBHOOK_SECRET",
     .meaning = "whsec_<base64> that signs them; several are separated by blanks",
     .group = webhooks,
     .kind = secret,
     .part = ignored,
     .parse = webhooks_<&Webhooks::secrets, parse_webhook_secrets>},
    {.name = "WEBHOOK_EVENTS",
     .default_value = "session.connected,session.disconnected,room.occupied,room.vacated,client.event",
     .meaning = "which webhooks are sent; event.published is the one that is off by default",
     .group = webhooks,
     .part = ignored,
     .parse = webhooks_<&Webhooks::events, parse_webhook_events>},
    {.name = "WEBHOOK_SPOOL_DIR",
     .default_words = "none: the queue is in memory",
     .meaning = "folder in which the queue survives a restart",
     .group = webhooks,
     .part = ignored,
     .parse = webhooks_<&Webhooks::spool_folder, parse_text>},

    {.name = "LOG_LEVEL",
     .default_value = "info",
     .meaning = "trace, debug, info, warn, error or fatal",
     .group = logs,
     .parse = log_<&Logs::level, parse_choice<LogLevel>>},
    {.name = "LOG_FORMAT",
     .default_value = "json",
     .meaning = "json, or pretty for people",
     .group = logs,
     .parse = log_<&Logs::format, parse_choice<LogFormat>>},
    {.name = "LOG_SAMPLE_OVER",
     .default_value = "0",
     .meaning = "above so many a second the line event published is sampled; 0: never",
     .group = logs,
     .parse = log_<&Logs::sample_over, count_<0, 1'000'000'000>>},

    {.name = "DRAIN_S",
     .default_value = "20",
     .default_words = "`20`; with `DEV` `0`",
     .meaning = "seconds over which a shutdown spreads the closing of sockets",
     .group = life,
     .part = ignored,
     .parse = life_<&Life::drain, seconds_<0, day_s>>},
    {.name = "READY_DELAY_S",
     .default_value = "5",
     .default_words = "`5`; with `DEV` `0`",
     .meaning = "seconds between /readyz turning 503 and the first close",
     .group = life,
     .parse = life_<&Life::ready_delay, seconds_<0, 3600>>},
    {.name = "READY_REDIS_GRACE_S",
     .default_value = "15",
     .meaning = "seconds Redis may be away before /readyz says so; 0: it never does",
     .group = life,
     .parse = life_<&Life::ready_redis_grace, seconds_<0, day_s>>},
    {.name = "DEV",
     .default_value = "false",
     .meaning = "for trying out: a page at /, a token at start, secrets made up when missing",
     .group = life,
     .kind = toggle,
     .parse = life_<&Life::dev, parse_switch>},
    {.name = "DEV_INSECURE",
     .default_value = "false",
     .meaning = "lets DEV listen on other addresses than this machine's own, and use Redis",
     .group = life,
     .kind = toggle,
     .parse = life_<&Life::dev_insecure, parse_switch>},
};

}  // namespace

std::span<const SettingDescription> setting_table() noexcept {
  return table;
}

const SettingDescription* find_setting(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(table, name, &SettingDescription::name);
  return found == std::end(table) ? nullptr : found;
}

std::string_view title_of(SettingGroup group) noexcept {
  switch (group) {
    case listening:
      return "Listening";
    case access:
      return "Tokens and keys";
    case clients:
      return "Clients";
    case events:
      return "Events";
    case rates:
      return "Rate limits";
    case redis:
      return "Redis";
    case cluster:
      return "Cluster";
    case webhooks:
      return "Webhooks";
    case logs:
      return "Logs";
    case life:
      return "Start and stop";
  }
  return {};
}

std::string flag_of(std::string_view setting_name) {
  std::string flag = "--";
  for (const char c : setting_name) {
    flag += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return flag;
}

std::string default_text(const SettingDescription& setting, const HostLimits& limits, bool dev) {
  if (setting.name == "WORKERS") return std::to_string(default_workers(limits));
  if (setting.name == "MAX_CONNECTIONS") return std::to_string(default_connections_max(limits));
  if (setting.name == "MAX_BACKLOG_TOTAL_BYTES") {
    return std::to_string(std::clamp<std::uint64_t>(limits.memory_bytes / 4, 16 * mebibyte, tebibyte));
  }
  if (setting.name == "NODE_NAME") return random_token(8);
  if (dev && setting.name == "HOST") return "127.0.0.1";
  if (dev && (setting.name == "DRAIN_S" || setting.name == "READY_DELAY_S")) return "0";
  return std::string(setting.default_value);
}

std::string shown_value(const SettingDescription& setting, std::string_view text) {
  if (setting.kind == secret) return "********";
  return setting.kind == url ? mask_url(text) : std::string(text);
}

}  // namespace relay
