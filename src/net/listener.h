#pragma once
// A listening TCP socket of one worker. All workers bind the same address with SO_REUSEPORT, and the kernel
// spreads the connections over them. A listener is not closed while the relay serves: what had queued on it
// would be reset.
//
// Threading: bound to one worker, but for bind_listeners().

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "net/http_connection.h"
#include "net/net_probe.h"

namespace relay {

struct BoundListeners {
  std::vector<int> descriptors;  // one for each worker; owned by whoever takes them
  std::uint16_t port;            // the one that was picked when 0 was asked for
};

// Binds `count` sockets to one address. `host` is an IPv4 or IPv6 address or a name. The error is one
// sentence. An address that another process listens on is refused, also when that process would share it.
[[nodiscard]] std::expected<BoundListeners, std::string> bind_listeners(const std::string& host,
                                                                        std::uint16_t port,
                                                                        std::size_t count);

class Listener final : public LoopObject {
 public:
  // Owns `descriptor`. `connections` and `probe` must outlive it.
  Listener(int descriptor, EventLoop& loop, HttpConnections& connections, NetProbe& probe);
  ~Listener() override;

  // Accepts what has queued, a bounded number a turn.
  void on_io(std::uint32_t events) override;

 private:
  void refuse_one();

  const int descriptor_;
  int spare_descriptor_;  // given up for a moment when the process has no other left
  EventLoop& loop_;
  HttpConnections& connections_;
  NetProbe& probe_;
};

}  // namespace relay
