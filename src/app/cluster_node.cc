#include "app/cluster_node.h"

#include <atomic>
#include <utility>

#include "auth/hmac.h"
#include "base/build_info.h"
#include "base/check.h"
#include "cluster/cluster_presence.h"

namespace relay {
namespace {

constexpr std::string_view cluster_key_purpose = "socket-relay cluster 1";
constexpr auto presence_lease_min = std::chrono::seconds(10);
constexpr auto survey_timeout = std::chrono::milliseconds(1'500);

std::string derived_secret(const Secret& signing_secret) {
  return std::string(bytes_of(derive_key(signing_secret.reveal(), cluster_key_purpose)));
}

void set_secrets(RedisBusOptions& options, const Settings& settings) {
  if (!settings.cluster.secret.empty()) {
    options.cluster_secret = settings.cluster.secret.reveal();
    return;
  }
  // It changes with the signing secret, and as that does: first accepted everywhere, then used.
  options.cluster_secret = derived_secret(settings.access.jwt_signing_secret);
  for (const Secret& previous : settings.access.jwt_signing_secrets_previous) {
    options.cluster_secrets_previous.push_back(derived_secret(previous));
  }
}

std::string_view adapter_word(RedisAdapter adapter) {
  return adapter == RedisAdapter::streams ? "streams" : "pubsub";
}

// What nodes must have in common, or they would break each other's promises.
SettingsFingerprint fingerprint(const Settings& settings) {
  const std::string nonce_ttl = std::to_string(settings.events.nonce_lifetime.count());
  const std::string nonces_max = std::to_string(settings.events.nonces_max);
  const std::string stream_length = std::to_string(settings.redis.stream_length_max);
  const std::string grace = std::to_string(settings.events.presence_grace.count());
  const Setting parts[] = {
      {"REDIS_ADAPTER", adapter_word(settings.redis.adapter)},
      {"REDIS_PEERS", settings.redis.peers == RedisPeers::mixed ? "mixed" : "relays"},
      {"REDIS_STREAM_MAXLEN", stream_length},
      {"NONCE_TTL_S", nonce_ttl},
      {"NONCE_MAX", nonces_max},
      {"EMIT_AS", settings.events.emit_as ? std::string_view(*settings.events.emit_as) : "type"},
      {"ENVELOPE", settings.events.envelope == EnvelopeKind::raw ? "raw" : "standard"},
      {"PRESENCE_EVENTS", settings.events.presence_events ? "true" : "false"},
      {"PRESENCE_GRACE_S", grace},
  };
  // None of them is secret, and two nodes with different keys have to agree while keys are changed.
  return fingerprint_of(parts, cluster_key_purpose);
}

RedisBusOptions bus_options(const Settings& settings, const Clock& clock) {
  auto url = RedisUrl::parse(settings.redis.url.reveal());
  RELAY_CHECK(url.has_value());  // the rules have asked
  RedisBusOptions options;
  options.url = std::move(*url);
  set_secrets(options, settings);
  options.adapter =
      settings.redis.adapter == RedisAdapter::streams ? BusAdapter::streams : BusAdapter::pubsub;
  options.key_prefix = settings.redis.key_prefix;
  options.has_node_peers = settings.redis.peers == RedisPeers::mixed;
  options.timeout = settings.redis.timeout;
  options.stream_length_max = settings.redis.stream_length_max;
  options.nonce_lifetime = settings.events.nonce_lifetime;
  options.nonces_max = settings.events.nonces_max;
  options.retention_window = settings.events.recovery_window;
  if (settings.events.presence_events) {
    options.presence_lease =
        std::max<std::chrono::milliseconds>(settings.events.presence_grace, presence_lease_min);
  }
  options.self.name = settings.cluster.node_name;
  options.self.version = version();
  options.self.adapter = adapter_word(settings.redis.adapter);
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch());
  options.self.started_at_ms = static_cast<std::uint64_t>(now.count());
  options.self.settings = fingerprint(settings);
  return options;
}

}  // namespace

ClusterNode::ClusterNode(const Settings& settings, const Clock& clock, Log& log)
    : bus_(bus_options(settings, clock), clock, log) {
  if (settings.redis.peers == RedisPeers::mixed) {
    log.warn("bus is not authenticated", {{"setting", "REDIS_PEERS"}, {"value", "mixed"}});
  }
  if (bus_.options().adapter == BusAdapter::pubsub && bus_.options().url.database != 0) {
    log.warn("pub/sub does not know databases: REDIS_KEY_PREFIX tells deployments apart",
             {{"setting", "REDIS_URL"}, {"prefix", bus_.options().key_prefix}});
  }
}

ClusterNode::~ClusterNode() = default;

void ClusterNode::start(RelayNode& node) {
  node_ = &node;
  bus_.start(node.view.server.log(), *this);
}

void ClusterNode::run_on_worker(unsigned worker, std::move_only_function<void()> task) {
  node_->view.server.workers()[worker]->post(WorkerTask(std::move(task)));
}

void ClusterNode::on_all_workers(const std::function<void(unsigned)>& task) {
  for (unsigned worker = 0; worker < node_->applications.size(); ++worker) {
    run_on_worker(worker, [task, worker] { task(worker); });
  }
}

void ClusterNode::on_bus_ready() {
  on_all_workers([this](unsigned worker) { node_->view.server.workers()[worker]->hub().on_bus_ready(); });
}

void ClusterNode::count(NodeNews& news) {
  news.sessions = node_->view.server.shared().sessions.load(std::memory_order_relaxed);
  news.connections = news.sessions;
  news.rooms = node_->view.server.log().levels().rooms;
}

// ---- questions of other nodes

void ClusterNode::on_question(std::string_view kind, std::string_view question,
                              std::move_only_function<void(std::string)> reply) {
  if (kind == presence_question) return answer_presence(std::string(question), std::move(reply));
  if (kind == close_question) return close_socket(question, std::move(reply));
}

void ClusterNode::answer_presence(std::string room, std::move_only_function<void(std::string)> reply) {
  run_on_worker(0, [this, room = std::move(room), tell = std::move(reply)]() mutable {
    LocalHub& hub = node_->view.server.workers()[0]->hub();
    survey_presence(hub, room, survey_timeout,
                    [this, answer = std::move(tell)](const std::optional<RoomAccounts>& accounts) mutable {
                      // Who does not answer is missing.
                      if (!accounts) return;
                      bus_.post([call = std::move(answer), json = write_accounts(*accounts)]() mutable {
                        call(std::move(json));
                      });
                    });
  });
}

void ClusterNode::close_socket(std::string_view question, std::move_only_function<void(std::string)> reply) {
  const std::size_t blank = question.find(' ');
  if (blank == std::string_view::npos) return;
  const auto left = std::make_shared<std::atomic<std::size_t>>(node_->applications.size());
  const auto answer = std::make_shared<std::move_only_function<void(std::string)>>(std::move(reply));
  on_all_workers([this, left, answer, socket_id = std::string(question.substr(0, blank)),
                  namespace_name = std::string(question.substr(blank + 1))](unsigned worker) {
    node_->view.server.workers()[worker]->hub().close_socket(namespace_name, socket_id);
    if (left->fetch_sub(1) == 1) bus_.post([answer] { (*answer)({}); });
  });
}

}  // namespace relay
