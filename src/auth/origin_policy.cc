#include "auth/origin_policy.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "auth/list_text.h"

namespace relay {
namespace {

constexpr std::uint16_t no_port = 0;
constexpr std::string_view any_label = "*.";

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_letter(char c) noexcept {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

bool equals_lower(std::string_view text, std::string_view lower_case) noexcept {
  return std::ranges::equal(text, lower_case, {}, to_lower);
}

std::uint16_t default_port(std::string_view scheme) noexcept {
  if (equals_lower(scheme, "https") || equals_lower(scheme, "wss")) return 443;
  if (equals_lower(scheme, "http") || equals_lower(scheme, "ws")) return 80;
  return no_port;
}

// RFC 3986 §3.1
bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

// As a browser writes it: a name (an international one in its ASCII form) or an address, IPv6 in brackets.
bool is_host(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    return text.size() > 2 && text.ends_with(']') &&
           std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) {
             return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f') || c == ':' || c == '.';
           });
  }
  const bool good_characters = std::ranges::all_of(
      text, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; });
  return !text.empty() && good_characters && text.front() != '.' && text.find("..") == std::string_view::npos;
}

// A host, or a name with a star for the labels before it.
bool is_host_pattern(std::string_view text) noexcept {
  if (!text.starts_with(any_label)) return is_host(text);
  text.remove_prefix(any_label.size());
  return is_host(text) && !text.starts_with('[');
}

std::optional<std::uint16_t> parse_port(std::string_view digits) noexcept {
  constexpr std::size_t digits_max = 5;
  constexpr unsigned port_max = 65535;
  if (digits.empty() || digits.size() > digits_max || !std::ranges::all_of(digits, is_digit))
    return std::nullopt;
  unsigned port = 0;
  for (const char c : digits) port = port * 10 + static_cast<unsigned>(c - '0');
  if (port == 0 || port > port_max) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

struct Origin {
  std::string_view scheme;
  std::string_view host;
  std::uint16_t port;
};

// Where the host ends: at the colon of the port, which is the last one unless that is inside brackets.
std::size_t host_length(std::string_view authority) noexcept {
  const std::size_t bracket = authority.find(']');
  return std::min(authority.size(), authority.find(':', bracket == std::string_view::npos ? 0 : bracket));
}

// scheme "://" host [ ":" port ]; `host` is not checked.
std::optional<Origin> split_origin(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !text.substr(colon).starts_with("://")) return std::nullopt;
  const std::string_view scheme = text.substr(0, colon);
  if (!is_scheme(scheme)) return std::nullopt;
  const std::string_view authority = text.substr(colon + 3);
  const std::size_t length = host_length(authority);
  if (length == authority.size()) return Origin{scheme, authority, default_port(scheme)};
  const auto port = parse_port(authority.substr(length + 1));
  if (!port) return std::nullopt;
  return Origin{scheme, authority.substr(0, length), *port};
}

// Whether `host` has one or more whole labels before `suffix`, which begins with a dot.
bool is_subdomain(std::string_view host, std::string_view suffix) noexcept {
  return host.size() > suffix.size() && equals_lower(host.substr(host.size() - suffix.size()), suffix);
}

}  // namespace

std::expected<OriginPolicy, std::string> OriginPolicy::parse(std::string_view list) {
  OriginPolicy policy;
  std::string problem;
  for_each_entry(list, [&](std::string_view text) {
    if (!problem.empty()) return;
    if (text == "*") {
      policy.allows_any_ = true;
      return;
    }
    const auto origin = split_origin(text);
    if (!origin || !is_host_pattern(origin->host)) {
      problem = fmt::format(
          "\"{}\" must be *, scheme://host, scheme://host:port or scheme://*.host, without a path", text);
      return;
    }
    const bool any_subdomain = origin->host.starts_with(any_label);
    policy.entries_.push_back({.scheme = lower(origin->scheme),
                               .host = lower(any_subdomain ? origin->host.substr(1) : origin->host),
                               .port = origin->port,
                               .any_subdomain = any_subdomain});
  });
  if (!problem.empty()) return std::unexpected(std::move(problem));
  return policy;
}

bool OriginPolicy::allows(std::string_view text) const noexcept {
  if (allows_any_) return true;
  const auto origin = split_origin(text);
  if (!origin || !is_host(origin->host)) return false;
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return entry.port == origin->port && equals_lower(origin->scheme, entry.scheme) &&
           (entry.any_subdomain ? is_subdomain(origin->host, entry.host)
                                : equals_lower(origin->host, entry.host));
  });
}

}  // namespace relay
