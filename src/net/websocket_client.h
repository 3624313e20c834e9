#pragma once
// A WebSocket connection (RFC 6455) seen from the client, one text message at a time: for the commands that
// talk to a relay.
//
// Threading: bound to one thread, which blocks; nothing that serves may use it.

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_client.h"

namespace relay {

class WebsocketClient {
 public:
  static constexpr std::size_t message_bytes_max = 16 * 1024 * 1024;

  // Connects and does the handshake for `target`, which lies behind the base of `url`. The error is a few
  // words, with the status when the server answered with another than 101.
  [[nodiscard]] static std::expected<WebsocketClient, std::string> open(const HttpUrl& url,
                                                                        const std::string& target,
                                                                        std::chrono::milliseconds timeout);

  ~WebsocketClient();
  WebsocketClient(WebsocketClient&&) noexcept;
  WebsocketClient& operator=(WebsocketClient&&) noexcept;

  [[nodiscard]] std::expected<void, std::string> send(std::string_view text);

  // The next message, good until the next call. The error says how the connection ended; nothing follows it.
  // A server that is silent for `timeout` counts as gone.
  [[nodiscard]] std::expected<std::string_view, std::string> receive(std::chrono::milliseconds timeout);

 private:
  struct State;

  explicit WebsocketClient(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace relay
