#pragma once
// Why a server did not let us in, in words for a log. Redis may repeat the arguments of a command that it
// does not know, so nothing of its answer to AUTH is passed on. Threading: any.

#include <cstdint>
#include <string>

#include "redis/redis_reply.h"

namespace relay {

// `reply` is an error. The text goes behind the name of the server.
[[nodiscard]] std::string auth_failure(const RedisReply& reply);
[[nodiscard]] std::string select_failure(const RedisReply& reply, std::uint32_t database);
[[nodiscard]] std::string ping_failure(const RedisReply& reply);

}  // namespace relay
