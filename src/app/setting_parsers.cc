#include "app/setting_parsers.h"

#include <algorithm>
#include <charconv>

#include <sys/stat.h>

#include <unistd.h>

#include "auth/origin_policy.h"
#include "base/utf8.h"
#include "net/ip_address.h"
#include "net/trusted_proxy.h"
#include "protocol/socketio_packet.h"
#include "relay/publish_rule.h"

namespace relay {
namespace {

constexpr std::size_t quoted_bytes_max = 60;
constexpr std::size_t text_bytes_max = 1024;
constexpr std::uint64_t rate_max = 1'000'000'000;
constexpr std::uint64_t burst_max = 10 * rate_max;

constexpr std::array<std::string_view, 6> webhook_event_names{"session.connected", "session.disconnected",
                                                              "room.occupied",     "room.vacated",
                                                              "client.event",      "event.published"};

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_host_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= 253 && text.front() != '-' && std::ranges::all_of(text, allowed);
}

std::string_view without_brackets(std::string_view host) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') return host.substr(1, host.size() - 2);
  return host;
}

// Why `name` can be no event's name, or nothing.
std::optional<std::string> event_name_problem(std::string_view name) {
  if (name.size() > event_type_bytes_max) return "a name is at most 128 bytes long";
  if (!is_valid_utf8(name) || has_control_character(name))
    return "a name is UTF-8 without control characters";
  if (socketio::is_reserved_event(name)) return in_quotes(name) + " is reserved by Socket.IO";
  if (name.starts_with("relay:")) return "names that begin with relay: are the relay's own";
  return std::nullopt;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, quoted_bytes_max)) out += c >= 0x20 && c < 0x7F ? c : '?';
  out += text.size() > quoted_bytes_max ? "...\"" : "\"";
  return out;
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> entries;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (const auto entry = trim(text.substr(0, end)); !entry.empty()) entries.push_back(entry);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return entries;
}

ParsedSetting<std::uint64_t> parse_whole_number(std::string_view text, std::uint64_t smallest,
                                                std::uint64_t largest) {
  const auto number = whole_number(text);
  if (number && *number >= smallest && *number <= largest) return *number;
  return std::unexpected("needs a whole number from " + std::to_string(smallest) + " to " +
                         std::to_string(largest) + ", not " + in_quotes(text));
}

ParsedSetting<std::optional<Rate>> parse_rate(std::string_view text) {
  if (text == "0") return std::nullopt;
  const auto refusal = [text](std::string_view needs) {
    return std::unexpected("needs " + std::string(needs) + ", not " + in_quotes(text));
  };
  const std::size_t slash = text.find('/');
  const std::size_t colon = text.find(':');
  const auto count = whole_number(text.substr(0, slash));
  const auto unit = slash == std::string_view::npos ? "" : text.substr(slash + 1, colon - slash - 1);
  if (!count || (unit != "s" && unit != "m"))
    return refusal("N/s or N/m, optionally with :burst, or 0 for no limit");
  if (*count < 1 || *count > rate_max) return refusal("a rate from 1 to 1000000000, or 0 for no limit");
  const auto burst =
      colon == std::string_view::npos ? *count * 10 : whole_number(text.substr(colon + 1)).value_or(0);
  if (burst < 1 || burst > burst_max) return refusal("a burst from 1 to 10000000000 behind the colon");
  return Rate{static_cast<double>(*count) / (unit == "s" ? 1.0 : 60.0), static_cast<double>(burst)};
}

ParsedSetting<bool> parse_switch(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::unexpected("needs true or false, not " + in_quotes(text));
}

ParsedSetting<std::string> parse_text(std::string_view text) {
  if (text.size() > text_bytes_max) return std::unexpected("needs at most 1024 bytes");
  if (!is_valid_utf8(text) || has_control_character(text)) {
    return std::unexpected("needs UTF-8 without control characters, not " + in_quotes(text));
  }
  return std::string(text);
}

ParsedSetting<std::string> parse_host(std::string_view text) {
  const std::string_view host = without_brackets(text);
  if (IpAddress::parse(host) || (host.size() == text.size() && is_host_name(host))) return std::string(host);
  return std::unexpected("needs an address or a host name, not " + in_quotes(text));
}

ParsedSetting<std::string> parse_host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view host = text.substr(0, colon);
    const auto port = whole_number(text.substr(colon + 1));
    const bool host_is_good =
        host.starts_with('[') ? IpAddress::parse(without_brackets(host)).has_value() : is_host_name(host);
    if (host_is_good && port && *port >= 1 && *port <= 65535) return std::string(text);
  }
  return std::unexpected("needs host:port, an IPv6 address in brackets, not " + in_quotes(text));
}

ParsedSetting<std::string> parse_socket_path(std::string_view text) {
  const auto is_path_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/-._~!$&'()*+,;=:@").contains(c);
  };
  if (!text.starts_with('/') || text.size() > 200 || text.contains("//") ||
      !std::ranges::all_of(text, is_path_character)) {
    return std::unexpected("needs a path that begins with /, such as /socket.io/, not " + in_quotes(text));
  }
  return std::string(text) + (text.ends_with('/') ? "" : "/");
}

ParsedSetting<std::string> parse_existing_folder(std::string_view text) {
  const std::string path(text);
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return path;
  return std::unexpected("needs a folder that exists, not " + in_quotes(text));
}

ParsedSetting<std::string> parse_readable_file(std::string_view text) {
  const std::string path(text);
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode) && access(path.c_str(), R_OK) == 0)
    return path;
  return std::unexpected("needs a file that exists and can be read, not " + in_quotes(text));
}

ParsedSetting<std::string> parse_origins(std::string_view text) {
  const auto policy = OriginPolicy::parse(text);
  if (!policy) return std::unexpected("needs * or origins such as https://app.example: " + policy.error());
  return std::string(text);
}

std::expected<void, std::string> validate_trust_proxy(std::string_view text) {
  const auto proxies = TrustedProxies::parse(text);
  if (!proxies) return std::unexpected("needs CIDRs, private or a hop count: " + proxies.error());
  return {};
}

ParsedSetting<std::string> parse_trust_proxy(std::string_view text) {
  if (const auto valid = validate_trust_proxy(text); !valid) return std::unexpected(valid.error());
  return std::string(text);
}

ParsedSetting<std::optional<std::string>> parse_emit_as(std::string_view text) {
  if (text == "type") return std::nullopt;
  if (const auto problem = event_name_problem(text)) {
    return std::unexpected("needs type or a fixed event name: " + *problem);
  }
  return std::string(text);
}

ParsedSetting<std::vector<std::string>> parse_client_events(std::string_view text) {
  std::vector<std::string> patterns;
  for (const std::string_view entry : split_list(text)) {
    const std::string_view fixed = entry.ends_with('*') ? entry.substr(0, entry.size() - 1) : entry;
    if (fixed.contains('*')) {
      return std::unexpected("needs names with * only at the end of one, not " + in_quotes(entry));
    }
    if (const auto problem = event_name_problem(fixed))
      return std::unexpected("needs event names: " + *problem);
    patterns.emplace_back(entry);
  }
  return patterns;
}

ParsedSetting<std::vector<std::string>> parse_webhook_events(std::string_view text) {
  std::vector<std::string> names;
  for (const std::string_view entry : split_list(text)) {
    if (std::ranges::find(webhook_event_names, entry) == webhook_event_names.end()) {
      std::string wanted;
      for (const auto name : webhook_event_names) wanted += (wanted.empty() ? "" : ", ") + std::string(name);
      return std::unexpected("needs a list of " + wanted + ", not " + in_quotes(entry));
    }
    if (std::ranges::find(names, entry) == names.end()) names.emplace_back(entry);
  }
  return names;
}

}  // namespace relay
