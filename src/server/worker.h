#pragma once
// One thread's world: a loop, the connections and sessions that live on it, its part of every room, and its
// place in the log.
//
// One for each thread. Threading: bound to its thread once it runs; post(), request_stop() and the probes
// from any.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "engine/engine_server.h"
#include "hub/cluster_bus.h"
#include "hub/local_hub.h"
#include "net/event_loop.h"
#include "net/http_connection.h"
#include "net/inbox.h"
#include "net/listener.h"
#include "server/application.h"
#include "server/server_options.h"

namespace relay {

// Everything that one thread may ask of a worker. What is not listed here does not cross threads.
using WorkerTask = std::move_only_function<void()>;
using WorkerMessage = std::variant<ReleasedConnection, WorkerTask>;

// What all workers of a server share. Threading: safe from any thread.
struct ServerShared {
  EventLog& log;
  EngineShared& engine;
  HubShared& hub;
  const Clock& clock;
  std::string incarnation;
  std::function<void(unsigned worker, ReleasedConnection connection)> hand_over;
};

struct WorkerProbe {
  std::atomic<std::int64_t> last_turn_ms{0};      // on the steady clock
  std::atomic<std::uint64_t> longest_turn_us{0};  // since it was last read; whoever reads it sets it back
};

class Worker final : private HttpHandler {
 public:
  Worker(unsigned index, const ServerOptions& options, ServerShared& shared);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // ---- before it runs

  void set_application(std::unique_ptr<Application> application) { application_ = std::move(application); }
  // Serves Engine.IO at a path. `acceptor` must outlive the worker's sessions; null: the hub's namespaces.
  void mount(EngineOptions options, SessionAcceptor* acceptor = nullptr);
  // Takes the descriptor. The handler must outlive the worker.
  void listen(int descriptor);
  void listen_for(int descriptor, HttpHandler& handler);
  // Before mount().
  void set_untrusted_proxy_notice(std::function<void(const IpAddress&)> notice);
  void set_refusal_notice(std::function<void(std::string_view code, const IpAddress&)> notice);

  // ---- on its own thread

  // Turns until request_stop().
  void run();
  [[nodiscard]] LocalHub& hub() noexcept { return hub_; }
  [[nodiscard]] EventLoop& loop() noexcept { return loop_; }
  [[nodiscard]] HttpConnections& connections() noexcept { return connections_; }
  void close_sessions(CloseReason reason);
  // After run() has returned: closes the listeners and what is still connected.
  void release_sockets();

  // ---- from any thread

  void post(WorkerMessage message) { inbox_.post(std::move(message)); }
  void request_stop();
  void wake() const noexcept { loop_.wake(); }
  [[nodiscard]] unsigned index() const noexcept { return index_; }
  [[nodiscard]] const NetProbe& net_probe() const noexcept { return net_probe_; }
  [[nodiscard]] const EngineProbe& engine_probe() const noexcept { return engine_probe_; }
  [[nodiscard]] const HubProbe& hub_probe() const noexcept { return hub_.probe(); }
  [[nodiscard]] const ReceiptProbe& receipt_probe() const noexcept { return hub_.receipts().probe(); }
  [[nodiscard]] WorkerProbe& probe() noexcept { return probe_; }

 private:
  void turn();
  void measure_turn(SteadyTime began);

  [[nodiscard]] HttpHandler& handler_for(const HttpRequest& request);
  [[nodiscard]] std::optional<std::size_t> on_head(HttpConnection& connection,
                                                   const HttpRequest& request) override;
  [[nodiscard]] std::size_t body_bytes_max(const HttpRequest& request, std::string_view first_bytes,
                                           std::size_t limit_of_head) override;
  void on_request(HttpConnection& connection, const HttpRequest& request) override;
  void on_body_too_large(HttpConnection& connection, const HttpRequest& request) override;
  void on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) override;
  void on_aborted(HttpConnection& connection, const HttpRequest& request) override;

  const unsigned index_;
  const ServerOptions& options_;
  ServerShared& shared_;
  NetProbe net_probe_;
  EngineProbe engine_probe_;
  WorkerProbe probe_;
  EventLoop loop_;
  const std::unique_ptr<ClusterBus> bus_;
  LocalHub hub_;
  std::unique_ptr<Application> application_;
  HttpConnections connections_;
  std::vector<std::unique_ptr<HttpConnections>> further_connections_;  // of other listeners
  std::vector<std::unique_ptr<EngineServer>> engines_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::function<void(const IpAddress&)> untrusted_proxy_notice_;
  std::function<void(std::string_view, const IpAddress&)> refusal_notice_;
  Inbox<WorkerMessage> inbox_;
  std::atomic<bool> stop_requested_{false};
  bool more_to_do_ = false;
};

}  // namespace relay
