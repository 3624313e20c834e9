#pragma once
// From the name of a server to a socket that connects to it. Threading: any.

#include <expected>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "net/byte_stream.h"
#include "redis/redis_url.h"

namespace relay {

struct ServerAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// All addresses of the host, in the order in which to try them. Asks the system's resolver and BLOCKS until
// it answers, unless the host is an address already: only for a thread that may wait. The error is the
// resolver's, in words.
[[nodiscard]] std::expected<std::vector<ServerAddress>, std::string> resolve_server(
    const RedisEndpoint& endpoint);

// A non-blocking TCP socket whose connect has begun: it becomes writable when that has ended, well or not.
[[nodiscard]] std::expected<ByteStream, std::string> begin_connect(const ServerAddress& address);

// How the connect of a writable socket has ended.
[[nodiscard]] std::expected<void, std::string> connect_result(const ByteStream& stream);

}  // namespace relay
