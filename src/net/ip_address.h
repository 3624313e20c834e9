#pragma once
// An IPv4 or IPv6 address as a value: 16 bytes, IPv4 in its mapped form (RFC 4291 §2.5.5.2).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr_storage;

namespace relay {

class IpAddress {
 public:
  IpAddress() = default;
  // Takes `192.0.2.1`, `2001:db8::1` and `::ffff:192.0.2.1`; no port, no brackets, no zone.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] static IpAddress from(const sockaddr_storage& address);

  [[nodiscard]] bool is_v4() const noexcept;
  // An IPv4 address is printed as such, also when it came in mapped form.
  [[nodiscard]] std::string to_string() const;
  // Whether the first `prefix_bits` bits, of the 128, are those of `network`.
  [[nodiscard]] bool in_network(const IpAddress& network, unsigned prefix_bits) const noexcept;

  [[nodiscard]] bool operator==(const IpAddress&) const noexcept = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace relay
