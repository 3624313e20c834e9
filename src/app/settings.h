#pragma once
// Everything an operator can set, as values that were validated. This only gathers: what a setting means is
// said by the part that uses it, its name and its one-line meaning are in setting_table.h.
//
// Texts that a lower folder parses (keys, origins, proxies) are kept as text, of which that parser has
// already said yes.
//
// Threading: a value of its owner, made at start and not changed.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/secret.h"
#include "base/log.h"

namespace relay {

// So many a second on average, and so many at once. Where a setting is an optional Rate, nullopt is "no
// limit".
struct Rate {
  double per_second;
  double burst;

  friend bool operator==(const Rate&, const Rate&) = default;
};

enum class TokenExpiry : std::uint8_t { close, connect };
enum class EnvelopeKind : std::uint8_t { standard, raw };
enum class RedisAdapter : std::uint8_t { pubsub, sharded, streams };
enum class RedisShardedMode : std::uint8_t { static_, dynamic, dynamic_private };
enum class RedisPeers : std::uint8_t { relays, mixed };

struct ListenSettings {
  std::string host = "0.0.0.0";
  std::uint16_t port = 4000;  // 0: the kernel picks one
  std::string management_host = "127.0.0.1";
  std::optional<std::uint16_t> management_port;
  std::chrono::seconds keep_alive{75};
  std::chrono::seconds request_timeout{15};
  unsigned workers = 1;               // by default what the machine has
  std::string allowed_origins = "*";  // for OriginPolicy::parse()
  std::string trust_proxy;            // for TrustedProxies::parse(); empty: nobody
  std::string tls_certificate_file;   // both or neither
  std::string tls_key_file;

  friend bool operator==(const ListenSettings&, const ListenSettings&) = default;
};

struct AccessSettings {
  Secret jwt_signing_secret;  // at least 32 bytes
  std::vector<Secret> jwt_signing_secrets_previous;
  std::optional<std::string> jwt_issuer;
  std::optional<std::string> jwt_audience;
  std::chrono::seconds jwt_clock_tolerance{5};
  std::chrono::seconds jwt_lifetime_max{86400};  // 0: any
  TokenExpiry token_expiry = TokenExpiry::close;
  Secret api_keys;    // for ApiKeys::parse()
  Secret admin_keys;  // the same; empty: there is no admin API

  friend bool operator==(const AccessSettings&, const AccessSettings&) = default;
};

struct ClientSettings {
  std::string socket_path = "/socket.io/";  // begins and ends with a slash
  std::chrono::milliseconds ping_interval{25000};
  std::chrono::milliseconds ping_timeout{20000};
  std::chrono::milliseconds connect_timeout{45000};
  std::chrono::milliseconds upgrade_timeout{10000};
  std::size_t payload_bytes_max = 1000000;
  std::size_t backlog_bytes_max = 1048576;
  std::size_t backlog_total_bytes_max = 268435456;     // by default from the memory limit
  std::size_t connections_max = 10000;                 // by default from the file limit
  std::vector<std::string> client_events{"client.*"};  // names, or prefixes that end with '*'; empty: none

  friend bool operator==(const ClientSettings&, const ClientSettings&) = default;
};

struct EventSettings {
  std::size_t event_bytes_max = 262144;
  std::optional<std::string> emit_as;  // a fixed event name; nullopt: the event's own type
  EnvelopeKind envelope = EnvelopeKind::standard;
  std::string schemas_folder;  // empty: no schemas
  bool schemas_strict = false;
  std::chrono::seconds nonce_lifetime{3600};
  std::size_t nonces_max = 500000;
  std::chrono::seconds recovery_window{120};  // 0: nothing is retained
  std::size_t recovery_bytes_max = 67108864;  // 0: the same
  bool presence_events = false;
  std::chrono::seconds presence_grace{15};

  friend bool operator==(const EventSettings&, const EventSettings&) = default;
};

struct RateSettings {
  std::optional<Rate> ip = Rate{500, 5000};
  std::optional<Rate> auth_failures = Rate{5, 3000};
  std::optional<Rate> publish;
  std::optional<Rate> session = Rate{1000, 10000};
  std::optional<Rate> socket = Rate{100, 1000};

  friend bool operator==(const RateSettings&, const RateSettings&) = default;
};

struct RedisSettings {
  Secret url;  // may hold a password; empty: one node
  RedisAdapter adapter = RedisAdapter::pubsub;
  std::string key_prefix = "socket.io";
  std::size_t stream_length_max = 10000;
  RedisShardedMode sharded_mode = RedisShardedMode::dynamic;
  RedisPeers peers = RedisPeers::relays;
  std::chrono::milliseconds timeout{2000};

  friend bool operator==(const RedisSettings&, const RedisSettings&) = default;
};

struct ClusterSettings {
  std::string node_name;  // by default random
  std::string host;       // empty: that of `listen`
  std::optional<std::uint16_t> port;
  std::string advertise;  // host:port
  Secret secret;          // empty: derived from the signing secret

  friend bool operator==(const ClusterSettings&, const ClusterSettings&) = default;
};

struct WebhookSettings {
  Secret url;                   // may hold credentials; empty: no webhooks
  std::vector<Secret> secrets;  // each `whsec_<base64>`
  std::vector<std::string> events{"session.connected", "session.disconnected", "room.occupied",
                                  "room.vacated", "client.event"};
  std::string spool_folder;  // empty: the queue is in memory

  friend bool operator==(const WebhookSettings&, const WebhookSettings&) = default;
};

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  std::size_t sample_over = 0;  // lines a second; 0: every line is written

  friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

struct LifeSettings {
  std::chrono::seconds drain{20};
  std::chrono::seconds ready_delay{5};
  std::chrono::seconds ready_redis_grace{15};
  bool dev = false;
  bool dev_insecure = false;

  friend bool operator==(const LifeSettings&, const LifeSettings&) = default;
};

// What `serve` should tell the operator when it starts; names of settings.
struct StartNotes {
  std::vector<std::string> unbuilt;            // set, but the part behind it does not exist
  std::vector<std::string> generated_secrets;  // made up because DEV is on; to be printed on stderr

  friend bool operator==(const StartNotes&, const StartNotes&) = default;
};

struct Settings {
  ListenSettings listen;
  AccessSettings access;
  ClientSettings clients;
  EventSettings events;
  RateSettings rates;
  RedisSettings redis;
  ClusterSettings cluster;
  WebhookSettings webhooks;
  LogSettings log;
  LifeSettings life;
  StartNotes notes;

  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace relay
