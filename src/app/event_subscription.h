#pragma once
// What `listen` does on its connection: Engine.IO 4 and Socket.IO 5 from the client's side, over WebSocket
// alone. Bytes in, bytes out; the connection is the caller's.
//
// Threading: a value of its owner.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relay {

// What one message of the relay asks for. The texts are empty where there is nothing to do.
struct SubscriptionStep {
  std::string reply;      // to be sent
  std::string envelope;   // one line of JSON, as it was received
  std::string note;       // for people
  bool is_ended = false;  // nothing follows; the note says why
};

class EventSubscription {
 public:
  explicit EventSubscription(std::string token) : token_(std::move(token)) {}

  [[nodiscard]] SubscriptionStep on_message(std::string_view message);

  // How long the relay may be silent: until the open packet came, the time it may take to open.
  [[nodiscard]] std::chrono::milliseconds silence_max() const noexcept { return silence_max_; }

 private:
  [[nodiscard]] SubscriptionStep on_open(std::string_view json);
  [[nodiscard]] SubscriptionStep on_packet(std::string_view text);

  std::string token_;
  std::chrono::milliseconds silence_max_{10000};
};

}  // namespace relay
