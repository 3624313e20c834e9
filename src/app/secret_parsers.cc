// The parsers of setting_parsers.h whose texts are secret or may hold one: nothing here quotes what it was
// given.
#include <algorithm>

#include "app/setting_parsers.h"
#include "auth/api_key.h"
#include "base/base64.h"

namespace relay {
namespace {

constexpr std::size_t signing_secret_bytes_min = 32;
constexpr std::size_t webhook_secret_bytes_min = 16;
constexpr std::string_view webhook_secret_prefix = "whsec_";
constexpr std::string_view mask = "********";

// The parts of scheme://[user[:password]@]rest, as views into the text.
struct UrlParts {
  std::string_view scheme;
  std::string_view credentials;
  std::string_view rest;  // host, path, query
};

std::optional<UrlParts> split_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  UrlParts parts{.scheme = url.substr(0, colon), .credentials = {}, .rest = url.substr(colon + 3)};
  // The last '@' before the path: a password may hold one that was not escaped.
  const std::size_t authority_end = std::min(parts.rest.find_first_of("/?#"), parts.rest.size());
  const std::size_t at = parts.rest.substr(0, authority_end).rfind('@');
  if (at != std::string_view::npos) {
    parts.credentials = parts.rest.substr(0, at);
    parts.rest.remove_prefix(at + 1);
  }
  return parts;
}

bool has_unprintable(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c <= 0x20 || c >= 0x7F; });
}

// Whether host[:port] of each node is well-formed. Cluster and sentinel URLs name several, separated by
// commas.
bool has_good_hosts(std::string_view rest) {
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.empty()) return false;
  for (;;) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view node = rest.substr(0, end);
    const bool has_port = node.rfind(':') != std::string_view::npos && !node.ends_with(']');
    if (!(has_port ? parse_host_and_port(node) : parse_host(node))) return false;
    if (end == rest.size()) return true;
    rest.remove_prefix(end + 1);
  }
}

std::optional<std::string> signing_secret_problem(std::string_view text) {
  if (text.size() >= signing_secret_bytes_min) return std::nullopt;
  return "at least 32 bytes (" + std::to_string(text.size()) + " were given)";
}

}  // namespace

ParsedSetting<Secret> parse_signing_secret(std::string_view text) {
  if (text.contains(',')) return std::unexpected("needs a secret without commas");
  if (const auto problem = signing_secret_problem(text)) return std::unexpected("needs " + *problem);
  return Secret(std::string(text));
}

ParsedSetting<std::vector<Secret>> parse_previous_signing_secrets(std::string_view text) {
  std::vector<Secret> secrets;
  for (std::size_t number = 1;; ++number) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view entry = text.substr(0, end);
    if (const auto problem = signing_secret_problem(entry)) {
      return std::unexpected("needs " + *problem + " in entry " + std::to_string(number));
    }
    secrets.emplace_back(std::string(entry));
    if (end == text.size()) return secrets;
    text.remove_prefix(end + 1);
  }
}

ParsedSetting<Secret> parse_api_keys(std::string_view text) {
  const auto keys = ApiKeys::parse(text);
  if (!keys) return std::unexpected("needs keys of at least 16 bytes or sha256:<64 hex>: " + keys.error());
  return Secret(std::string(text));
}

ParsedSetting<Secret> parse_cluster_secret(std::string_view text) {
  if (const auto problem = signing_secret_problem(text)) return std::unexpected("needs " + *problem);
  return Secret(std::string(text));
}

ParsedSetting<Secret> parse_redis_url(std::string_view text) {
  constexpr std::array<std::string_view, 4> schemes{"redis", "rediss", "redis+sentinel", "redis+cluster"};
  const auto parts = split_url(text);
  if (!parts || std::ranges::find(schemes, parts->scheme) == schemes.end() || has_unprintable(text) ||
      !has_good_hosts(parts->rest)) {
    return std::unexpected(
        "needs redis://, rediss://, redis+sentinel:// or redis+cluster:// with "
        "[user:password@]host[:port][/db]");
  }
  return Secret(std::string(text));
}

ParsedSetting<Secret> parse_webhook_url(std::string_view text) {
  const auto parts = split_url(text);
  if (!parts || (parts->scheme != "http" && parts->scheme != "https") || has_unprintable(text) ||
      !has_good_hosts(parts->rest) || parts->rest.substr(0, parts->rest.find('/')).contains(',')) {
    return std::unexpected("needs an http:// or https:// URL");
  }
  return Secret(std::string(text));
}

ParsedSetting<std::vector<Secret>> parse_webhook_secrets(std::string_view text) {
  std::vector<Secret> secrets;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (entry.empty()) continue;
    const auto bytes = entry.starts_with(webhook_secret_prefix)
                           ? decode_base64(entry.substr(webhook_secret_prefix.size()))
                           : std::nullopt;
    if (!bytes || bytes->size() < webhook_secret_bytes_min) {
      return std::unexpected(
          "needs whsec_ and the base64 of 16 bytes or more; several are separated by blanks");
    }
    secrets.emplace_back(std::string(entry));
  }
  return secrets;
}

std::string mask_url(std::string_view url) {
  const auto parts = split_url(url);
  if (!parts) return std::string(mask);
  std::string out = std::string(parts->scheme) + "://";
  if (!parts->credentials.empty()) {
    const std::size_t colon = parts->credentials.find(':');
    // A user without a password is often a key.
    if (colon != std::string_view::npos) out += std::string(parts->credentials.substr(0, colon)) + ":";
    out += std::string(mask) + "@";
  }
  const std::size_t query = parts->rest.find_first_of("?#");
  out += parts->rest.substr(0, query);
  if (query != std::string_view::npos) out += parts->rest[query] + std::string(mask);
  return out;
}

bool url_has_credentials(std::string_view url) {
  const auto parts = split_url(url);
  return parts && (!parts->credentials.empty() || parts->rest.contains('?'));
}

}  // namespace relay
