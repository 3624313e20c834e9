#include "net/byte_stream.h"

#include <cerrno>

#include <sys/socket.h>

#include <unistd.h>

namespace relay {
namespace {

std::expected<std::size_t, StreamError> outcome(ssize_t result) {
  if (result >= 0) return static_cast<std::size_t>(result);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return std::unexpected(StreamError::would_block);
  if (errno == EPIPE) return std::unexpected(StreamError::closed);
  return std::unexpected(StreamError::failed);
}

template <typename Call>
ssize_t retry_interrupted(Call&& call) {
  for (;;) {
    const ssize_t result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace

ByteStream::~ByteStream() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::expected<std::size_t, StreamError> ByteStream::read(std::span<char> out) const {
  const ssize_t got =
      retry_interrupted([&] { return recv(descriptor_, out.data(), out.size(), MSG_DONTWAIT); });
  if (got == 0) return std::unexpected(StreamError::closed);
  return outcome(got);
}

std::expected<std::size_t, StreamError> ByteStream::write(std::span<const iovec> parts) const {
  msghdr message{};
  // sendmsg takes a mutable array although it does not change it.
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  return outcome(
      retry_interrupted([&] { return sendmsg(descriptor_, &message, MSG_NOSIGNAL | MSG_DONTWAIT); }));
}

std::expected<std::size_t, StreamError> ByteStream::write(std::span<const char> bytes) const {
  return outcome(retry_interrupted(
      [&] { return send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT); }));
}

void ByteStream::shut_down_write() const {
  shutdown(descriptor_, SHUT_WR);
}

}  // namespace relay
