#pragma once
// The bytes of one connection: a non-blocking TCP socket. TLS will stand behind the same type, which is why
// nothing above it sees a descriptor but to watch it or to hand the connection over.
//
// Threading: bound to one worker; may be moved to another between two uses.
// Ownership: owns the descriptor.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <utility>

#include <sys/uio.h>

namespace relay {

enum class StreamError : std::uint8_t {
  would_block,  // nothing to read, or no room to write; the loop announces when that changes
  closed,       // the peer has ended its side (read), or takes no more (write)
  failed,       // reset, timed out
};

class ByteStream {
 public:
  explicit ByteStream(int descriptor) noexcept : descriptor_(descriptor) {}
  ByteStream(ByteStream&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ByteStream& operator=(ByteStream&&) = delete;
  ~ByteStream();

  // At least one byte, at most out.size(), which must not be zero.
  [[nodiscard]] std::expected<std::size_t, StreamError> read(std::span<char> out) const;
  // What the kernel took, perhaps less than there was. Never raises SIGPIPE.
  [[nodiscard]] std::expected<std::size_t, StreamError> write(std::span<const iovec> parts) const;
  [[nodiscard]] std::expected<std::size_t, StreamError> write(std::span<const char> bytes) const;

  // No more will be written: the peer reads the end after what was sent.
  void shut_down_write() const;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  // Gives the descriptor away, open.
  [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

}  // namespace relay
