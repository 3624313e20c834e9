#include "app/setting_rules.h"

#include "net/ip_address.h"
#include "redis/redis_url.h"
#include "relay/event_schemas.h"

namespace relay {
namespace {

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  const auto address = IpAddress::parse(host);
  if (!address) return false;
  const auto v4_loopback = IpAddress::parse("127.0.0.0");
  return *address == *IpAddress::parse("::1") ||
         (address->is_v4() && address->in_network(*v4_loopback, 96 + 8));
}

bool is_any_address(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

void check_dev(const Settings& settings, SettingProblems& problems) {
  if (!settings.life.dev || settings.life.dev_insecure) return;
  if (!is_loopback(settings.listen.host)) {
    problems.push_back({"HOST", "needs 127.0.0.1 while DEV is on; DEV_INSECURE=true allows another address"});
  }
  if (!settings.redis.url.empty()) {
    problems.push_back({"REDIS_URL", "needs DEV to be off; DEV_INSECURE=true allows both"});
  }
}

void check_tls(const ListenSettings& listen, const LoadedSettings& loaded, SettingProblems& problems) {
  // A file that cannot be read was reported already, and left its path empty here.
  const auto is_unset = [&loaded](std::string_view name) {
    const auto found = loaded.effective.find(name);
    return found != loaded.effective.end() && found->second.text.empty();
  };
  if (!listen.tls_certificate_file.empty() && is_unset("TLS_KEY_FILE")) {
    problems.push_back({"TLS_KEY_FILE", "is required together with TLS_CERT_FILE"});
  }
  if (!listen.tls_key_file.empty() && is_unset("TLS_CERT_FILE")) {
    problems.push_back({"TLS_CERT_FILE", "is required together with TLS_KEY_FILE"});
  }
}

void check_ports(const ListenSettings& listen, SettingProblems& problems) {
  if (!listen.management_port || listen.port == 0 || *listen.management_port != listen.port) return;
  if (listen.management_host == listen.host || is_any_address(listen.host) ||
      is_any_address(listen.management_host)) {
    problems.push_back({"MANAGEMENT_PORT", "needs another port than PORT"});
  }
}

void check_schemas(const EventSettings& events, SettingProblems& problems) {
  if (events.schemas_folder.empty()) {
    if (events.schemas_strict) problems.push_back({"EVENT_SCHEMAS_STRICT", "needs EVENT_SCHEMAS to be set"});
    return;
  }
  const auto schemas = EventSchemas::load(events.schemas_folder);
  if (schemas) return;
  for (const std::string& problem : schemas.error()) problems.push_back({"EVENT_SCHEMAS", problem});
}

void check_redis(const RedisSettings& redis, SettingProblems& problems) {
  const std::string& url = redis.url.reveal();
  if (url.empty()) return;
  if (url.starts_with("redis+cluster:")) {
    if (redis.adapter == RedisAdapter::sharded) return;
    problems.push_back({"REDIS_ADAPTER", "needs to be sharded with a redis+cluster:// URL"});
  } else if (const auto parsed = RedisUrl::parse(url); !parsed) {
    problems.push_back({"REDIS_URL", parsed.error()});
  }
}

}  // namespace

void check_setting_rules(const LoadedSettings& loaded, SettingProblems& problems) {
  const Settings& settings = loaded.settings;
  check_dev(settings, problems);
  check_tls(settings.listen, loaded, problems);
  check_ports(settings.listen, problems);
  check_schemas(settings.events, problems);
  if (!settings.webhooks.url.empty() && settings.webhooks.secrets.empty() &&
      loaded.effective.contains("WEBHOOK_SECRET") && loaded.effective.at("WEBHOOK_SECRET").text.empty()) {
    problems.push_back({"WEBHOOK_SECRET", "is required together with WEBHOOK_URL"});
  }
  check_redis(settings.redis, problems);
}

}  // namespace relay
