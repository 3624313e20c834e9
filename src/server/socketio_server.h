#pragma once
// A Socket.IO server: N workers around one log, ready to have namespaces and Engine.IO paths added by an
// application.
//
//     relay::SocketIoServer server(options, clock);
//     server.add_application([](relay::Worker& worker) { return std::make_unique<MyApplication>(worker); });
//     if (auto started = server.start(); !started) complain(started.error());
//     ...
//     server.stop();
//
// An application implements Application and, for each namespace, NamespaceHandler; examples/echo_server is
// one. An event for many sockets, on whichever worker and node they are, is a NewEvent given to
// LocalHub::publish().
//
// Threading: the functions below from one thread, the one that made the server; what is said otherwise from
// any.

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "server/application.h"
#include "server/server_options.h"
#include "server/worker.h"

namespace relay {

class SocketIoServer {
 public:
  // `clock` must outlive the server.
  SocketIoServer(ServerOptions options, const Clock& clock);
  // Stops.
  ~SocketIoServer();
  SocketIoServer(const SocketIoServer&) = delete;
  SocketIoServer& operator=(const SocketIoServer&) = delete;

  // Once, before start().
  void add_application(const ApplicationFactory& make);

  // Binds the address and starts the workers. The error is one sentence.
  [[nodiscard]] std::expected<void, std::string> start();

  // Closes all sessions and ends the workers, after what is queued for their sockets has been written or a
  // short time has passed.
  void stop();

  [[nodiscard]] bool is_stopped() const noexcept { return threads_.empty(); }

  // The port that it listens on, from start() on.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  // ---- safe from any thread once started

  [[nodiscard]] std::span<const std::unique_ptr<Worker>> workers() const noexcept { return workers_; }
  [[nodiscard]] EventLog& log() noexcept { return log_; }
  [[nodiscard]] const EngineShared& shared() const noexcept { return engine_shared_; }
  [[nodiscard]] const ServerOptions& options() const noexcept { return options_; }

 private:
  // Returns when all have done it.
  void on_all_workers(void (*task)(Worker&));
  void end_workers();

  const ServerOptions options_;
  EventLog log_;
  EngineShared engine_shared_;
  HubShared hub_shared_;
  ServerShared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
};

}  // namespace relay
