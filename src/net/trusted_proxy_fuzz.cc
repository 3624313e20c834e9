// Whatever a peer writes into its forwarding headers, a peer that is not trusted stays the client.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/trusted_proxy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(relay::TrustedProxies::parse(text));
  const auto proxies = relay::TrustedProxies::parse("private");
  const auto stranger = relay::IpAddress::parse("198.51.100.1");
  const auto proxy = relay::IpAddress::parse("10.0.0.1");
  if (!(proxies->client_address(*stranger, text, text) == *stranger)) std::abort();
  static_cast<void>(proxies->client_address(*proxy, {}, text).to_string());
  static_cast<void>(proxies->client_address(*proxy, text, {}).to_string());
  return 0;
}
