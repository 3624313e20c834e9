#pragma once
// The body of a polling request or response: packets with a record separator between each two.
// Threading: any.

#include <cstddef>
#include <optional>
#include <string_view>

namespace relay::engineio {

inline constexpr char record_separator = '\x1e';

// Some clients drop a session that gets more in one response. What they send may have any number.
inline constexpr std::size_t packets_per_poll_max = 16;

// Splits a body, in linear time. An empty body is one empty packet and a separator at the end has an empty
// one behind it, so that parse_text_packet() refuses both.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view body) noexcept : rest_(body) {}

  // The text of the next packet, a view into the body; nullopt after the last.
  [[nodiscard]] std::optional<std::string_view> next() noexcept;

  [[nodiscard]] bool done() const noexcept { return done_; }

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace relay::engineio
