#include "net/trusted_proxy.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace relay {
namespace {

constexpr unsigned hops_max = 32;
constexpr std::size_t entries_max = 64;
constexpr std::size_t networks_max = 256;

constexpr std::array<std::string_view, 8> private_networks{"10.0.0.0/8",  "172.16.0.0/12",  "192.168.0.0/16",
                                                           "127.0.0.0/8", "169.254.0.0/16", "::1/128",
                                                           "fc00::/7",    "fe80::/10"};

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(trim(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// An entry of X-Forwarded-For, or the value of for= without its quotes: an address, perhaps with a port.
std::optional<IpAddress> parse_hop(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(1, end - 1));
  }
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return IpAddress::parse(text);
}

// The for= of one element of a Forwarded header; empty when it has none.
std::string_view for_parameter(std::string_view element) {
  for (const std::string_view pair : split(element, ';')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(pair.substr(0, equals));
    if (name.size() != 3 || (name[0] | 0x20) != 'f' || (name[1] | 0x20) != 'o' || (name[2] | 0x20) != 'r')
      continue;
    std::string_view value = trim(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

}  // namespace

std::expected<TrustedProxies, std::string> TrustedProxies::parse(std::string_view text) {
  TrustedProxies proxies;
  if (trim(text).empty()) return proxies;
  if (const auto hops = parse_number(trim(text))) {
    if (*hops < 1 || *hops > hops_max) return std::unexpected("a hop count is from 1 to 32");
    proxies.hops_ = *hops;
    return proxies;
  }
  for (const std::string_view entry : split(text, ',')) {
    std::vector<std::string_view> cidrs{entry};
    if (entry == "private") cidrs.assign(private_networks.begin(), private_networks.end());
    for (const std::string_view cidr : cidrs) {
      const std::size_t slash = cidr.find('/');
      const auto address = IpAddress::parse(cidr.substr(0, slash));
      if (!address)
        return std::unexpected("\"" + std::string(entry) + "\" is not an address, a CIDR or \"private\"");
      const unsigned width = address->is_v4() ? 32 : 128;
      const auto bits =
          slash == std::string_view::npos ? std::optional(width) : parse_number(cidr.substr(slash + 1));
      if (!bits || *bits > width)
        return std::unexpected("\"" + std::string(entry) + "\" has a wrong prefix length");
      proxies.networks_.push_back({*address, *bits + (128 - width)});
      if (proxies.networks_.size() > networks_max) return std::unexpected("more than 256 networks");
    }
  }
  return proxies;
}

bool TrustedProxies::trusts(const IpAddress& peer) const noexcept {
  if (hops_ > 0) return true;
  return std::ranges::any_of(networks_, [&](const Network& network) {
    return peer.in_network(network.address, network.prefix_bits);
  });
}

IpAddress TrustedProxies::client_address(const IpAddress& peer, std::string_view forwarded,
                                         std::string_view x_forwarded_for) const {
  const bool standard = !trim(forwarded).empty();
  const auto entries = split(standard ? forwarded : x_forwarded_for, ',');
  IpAddress client = peer;
  unsigned followed = 0;
  for (auto entry = entries.rbegin(); entry != entries.rend() && followed < entries_max; ++entry) {
    if (hops_ > 0 ? followed == hops_ : !trusts(client)) break;
    const auto hop = parse_hop(standard ? for_parameter(*entry) : *entry);
    if (!hop) break;
    client = *hop;
    ++followed;
  }
  return client;
}

}  // namespace relay
