#include "redis/redis_url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "net/ip_address.h"
#include "protocol/percent_encoding.h"

namespace relay {
namespace {

constexpr std::size_t host_bytes_max = 253;
constexpr std::uint32_t database_max = std::numeric_limits<std::int32_t>::max();

struct Scheme {
  std::string_view prefix;
  RedisUrl::Kind kind;
  bool tls;
};
constexpr std::array schemes{Scheme{"redis://", RedisUrl::Kind::server, false},
                             Scheme{"rediss://", RedisUrl::Kind::server, true},
                             Scheme{"redis+sentinel://", RedisUrl::Kind::sentinel, false}};

template <typename Integer>
std::optional<Integer> whole_number(std::string_view text, Integer smallest, Integer largest) {
  Integer number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < smallest || number > largest) {
    return std::nullopt;
  }
  return number;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= host_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

// Up to the first `separator`; the rest, without it, stays in `text`. All of it when there is none.
std::string_view take_until(std::string_view& text, std::string_view separators) {
  const std::size_t end = std::min(text.find_first_of(separators), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

std::optional<RedisEndpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
  RedisEndpoint endpoint{.host = {}, .port = default_port};
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    endpoint.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!endpoint.host.contains(':') || !IpAddress::parse(endpoint.host)) return std::nullopt;
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    endpoint.host = text.substr(0, end);
    text.remove_prefix(end);
    if (!is_host_name(endpoint.host)) return std::nullopt;
  }
  if (text.empty()) return endpoint;
  const auto port = whole_number<std::uint16_t>(text.substr(1), 1, 65535);
  if (text.front() != ':' || !port) return std::nullopt;
  endpoint.port = *port;
  return endpoint;
}

std::optional<std::string> parse_credentials(std::string_view text, RedisUrl& url) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  auto user = percent_decode(text.substr(0, colon));
  auto password = percent_decode(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password) return "needs two hexadecimal digits behind each % of the user and the password";
  url.user = *std::move(user);
  url.password = *std::move(password);
  return std::nullopt;
}

std::optional<std::string> parse_endpoints(std::string_view text, RedisUrl& url) {
  const bool is_sentinel = url.kind == RedisUrl::Kind::sentinel;
  const std::uint16_t default_port = is_sentinel ? RedisUrl::sentinel_port : RedisUrl::server_port;
  do {
    const bool ends_with_comma = text.ends_with(',') && text.find(',') == text.size() - 1;
    auto endpoint = parse_endpoint(take_until(text, ","), default_port);
    if (!endpoint || ends_with_comma) {
      // A slash in a password ends the authority too early, which shows as a bad port.
      return "needs a host name or address (IPv6 in brackets) and a port from 1 to 65535; in a password, "
             "write / ? # as %2F %3F %23";
    }
    url.endpoints.push_back(*std::move(endpoint));
    if (!is_sentinel && !text.empty()) return "needs one host only; several are for redis+sentinel://";
    if (url.endpoints.size() > RedisUrl::sentinels_max) return "needs at most 32 sentinels";
  } while (!text.empty());
  return std::nullopt;
}

std::optional<std::string> parse_path(std::string_view path, RedisUrl& url) {
  if (url.kind == RedisUrl::Kind::sentinel) {
    auto service = percent_decode(take_until(path, "/"));
    if (!service || service->empty()) {
      return "needs the name of the sentinels' master, as in redis+sentinel://host:26379/mymaster";
    }
    url.service = *std::move(service);
  }
  if (path.empty()) return std::nullopt;
  const auto database = whole_number<std::uint32_t>(path, 0, database_max);
  if (!database) return "needs the number of a database at its end, as in /0";
  url.database = *database;
  return std::nullopt;
}

}  // namespace

std::string RedisEndpoint::to_string() const {
  return (host.contains(':') ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::expected<RedisUrl, std::string> RedisUrl::parse(std::string_view text) {
  const auto* const scheme =
      std::ranges::find_if(schemes, [&](const Scheme& known) { return text.starts_with(known.prefix); });
  if (scheme == schemes.end()) {
    return std::unexpected(
        "needs redis://, rediss:// or redis+sentinel:// with [user:password@]host[:port][/db]");
  }
  text.remove_prefix(scheme->prefix.size());
  if (std::ranges::any_of(text, [](char c) { return c <= 0x20 || c >= 0x7F; })) {
    return std::unexpected("needs visible ASCII characters; write others as % and two hexadecimal digits");
  }
  RedisUrl url{.kind = scheme->kind, .tls = scheme->tls};
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  std::string_view path = text.substr(authority.size());
  // The last '@': a password may hold one that was not escaped.
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (auto problem = parse_credentials(authority.substr(0, at), url)) return std::unexpected(*problem);
    authority.remove_prefix(at + 1);
  }
  if (auto problem = parse_endpoints(authority, url)) return std::unexpected(*std::move(problem));
  if (path.find_first_of("?#") != std::string_view::npos) {
    return std::unexpected("needs a URL without ? and #");
  }
  path.remove_prefix(std::min<std::size_t>(path.size(), 1));
  if (auto problem = parse_path(path, url)) return std::unexpected(*std::move(problem));
  return url;
}

}  // namespace relay
