#pragma once
// How an Engine.IO server behaves, and what all its workers share.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/cors.h"
#include "net/trusted_proxy.h"

namespace relay {

struct EngineOptions {
  std::string path = "/socket.io/";  // begins and ends with a slash; requests may leave the last one out
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::chrono::milliseconds upgrade_timeout{10'000};
  std::size_t message_bytes_max = 1'000'000;  // of one message or POST body; `maxPayload` of the handshake
  // The same for a session that its listener has not yet called trusted; and for all of them on one worker
  // together, counting what has arrived of unfinished WebSocket messages.
  std::size_t untrusted_message_bytes_max = 1'000'000;
  std::size_t untrusted_bytes_total_max = 64 * 1024 * 1024;
  std::size_t backlog_bytes_max =
      1'048'576;                        // unsent bytes after a flush: above it a client is a slow consumer
  std::optional<CorsPolicy> cors = {};  // nullopt: no CORS headers, every origin is accepted
  TrustedProxies trusted_proxies = {};
};

// Counted by all workers of a server. Threading: safe from any thread.
struct EngineShared {
  std::size_t sessions_max = SIZE_MAX;
  std::size_t backlog_total_bytes_max = SIZE_MAX;
  std::atomic<std::size_t> sessions{0};
  std::atomic<std::size_t> backlog_bytes{0};
  std::atomic<bool> proxy_header_noted{false};  // a forwarding header of an untrusted peer was reported
};

}  // namespace relay
