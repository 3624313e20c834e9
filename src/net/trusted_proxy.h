#pragma once
// Whose word about the client's address is believed (TRUST_PROXY), and what follows from it.
//
// Every proxy appends the address that it saw. So the list is read from its end: as long as the peer, and
// then each entry, is a proxy that we trust, the entry before it is believed; the first that we do not trust
// is the client.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/ip_address.h"

namespace relay {

class TrustedProxies {
 public:
  // Nobody is believed.
  TrustedProxies() = default;

  // CIDRs and addresses, comma-separated; `private` (RFC 1918, loopback, link-local, unique local); or a hop
  // count of 1..32, which counts as Express does: with 1 the last entry is the client. The error says what is
  // wrong with which entry.
  [[nodiscard]] static std::expected<TrustedProxies, std::string> parse(std::string_view text);

  // Whether a peer at this address may name another client at all.
  [[nodiscard]] bool trusts(const IpAddress& peer) const noexcept;

  // The client behind `peer`. `forwarded` is the value of a Forwarded header (RFC 7239), which wins when it
  // is not empty; `x_forwarded_for` are all X-Forwarded-For values joined by commas. An entry that is no
  // address (`unknown`, an obfuscated name) ends the chain: the last address that was proven counts.
  [[nodiscard]] IpAddress client_address(const IpAddress& peer, std::string_view forwarded,
                                         std::string_view x_forwarded_for) const;

 private:
  struct Network {
    IpAddress address;
    unsigned prefix_bits;
  };

  std::vector<Network> networks_;
  unsigned hops_ = 0;  // 0: the networks decide
};

}  // namespace relay
