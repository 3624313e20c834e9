#include "redis/server_address.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <netdb.h>

namespace relay {
namespace {

std::unexpected<std::string> failure(int error) {
  return std::unexpected(std::generic_category().message(error));
}

}  // namespace

std::expected<std::vector<ServerAddress>, std::string> resolve_server(const RedisEndpoint& endpoint) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list);
  if (error != 0) return std::unexpected<std::string>(gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  std::vector<ServerAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    ServerAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
  }
  return addresses;
}

std::expected<ByteStream, std::string> begin_connect(const ServerAddress& address) {
  ByteStream stream(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (stream.descriptor() < 0) return failure(errno);
  const int on = 1;
  // Commands leave once a turn, gathered: waiting for more would only delay them. Without it all still works.
  setsockopt(stream.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(stream.descriptor(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 &&
      errno != EINPROGRESS) {
    return failure(errno);
  }
  return stream;
}

std::expected<void, std::string> connect_result(const ByteStream& stream) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(stream.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return failure(error);
  return {};
}

}  // namespace relay
