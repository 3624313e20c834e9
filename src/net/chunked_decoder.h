#pragma once
// The chunked transfer coding (RFC 9112 §7.1), read strictly: CRLF line ends only, extensions and trailers
// bounded and ignored.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace relay {

enum class ChunkedError : std::uint8_t { malformed, too_large };

class ChunkedDecoder {
 public:
  // Bytes of size lines, extensions and trailers that one body may have beside its data.
  static constexpr std::size_t overhead_bytes_max = 64 * 1024;

  explicit ChunkedDecoder(std::size_t body_bytes_max) noexcept : body_bytes_max_(body_bytes_max) {}

  void lower_limit(std::size_t body_bytes_max) noexcept {
    body_bytes_max_ = std::min(body_bytes_max_, body_bytes_max);
  }

  // Appends the data to `body` and drops what was read from the front of `input`. True when the body is
  // complete; what then remains in `input` belongs to the next request.
  [[nodiscard]] std::expected<bool, ChunkedError> feed(std::string_view& input, std::string& body);

 private:
  enum class State : std::uint8_t { size, extension, size_end, data, data_cr, data_lf, trailer, done };

  [[nodiscard]] bool step(char c);
  [[nodiscard]] bool begin_data();

  std::size_t body_bytes_max_;
  std::uint64_t chunk_left_ = 0;
  std::size_t overhead_ = 0;
  std::size_t size_digits_ = 0;
  State state_ = State::size;
  bool trailer_line_empty_ = true;
  bool trailer_saw_cr_ = false;
};

}  // namespace relay
