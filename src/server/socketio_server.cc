#include "server/socketio_server.h"

#include <chrono>
#include <latch>
#include <utility>

#include <pthread.h>
#include <signal.h>

#include "base/random.h"

namespace relay {
namespace {

ServerOptions with_log_workers(ServerOptions options) {
  options.log.workers_count = options.workers_count;
  return options;
}

}  // namespace

SocketIoServer::SocketIoServer(ServerOptions options, const Clock& clock)
    : options_(with_log_workers(std::move(options))),
      log_(options_.log, clock, [this](unsigned worker) { workers_[worker]->wake(); }),
      shared_{.log = log_,
              .engine = engine_shared_,
              .hub = hub_shared_,
              .clock = clock,
              .incarnation = random_token(SessionId::incarnation_length),
              .hand_over = [this](unsigned worker, ReleasedConnection connection) {
                workers_[worker]->post(std::move(connection));
              }} {
  hub_shared_.post = [this](unsigned worker, std::move_only_function<void(LocalHub&)> task) {
    Worker& there = *workers_[worker];
    there.post(WorkerTask([&there, work = std::move(task)]() mutable { work(there.hub()); }));
  };
  engine_shared_.sessions_max = options_.sessions_max;
  engine_shared_.backlog_total_bytes_max = options_.backlog_total_bytes_max;
  for (unsigned i = 0; i < options_.workers_count; ++i) {
    workers_.push_back(std::make_unique<Worker>(i, options_, shared_));
  }
}

SocketIoServer::~SocketIoServer() {
  stop();
}

void SocketIoServer::add_application(const ApplicationFactory& make) {
  for (const auto& worker : workers_) worker->set_application(make(*worker));
}

std::expected<void, std::string> SocketIoServer::start() {
  auto bound = bind_listeners(options_.host, options_.port, workers_.size());
  if (!bound) return std::unexpected(bound.error());
  port_ = bound->port;
  for (const auto& worker : workers_) worker->listen(bound->descriptors[worker->index()]);

  // Signals are for the thread that started the server.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (const auto& worker : workers_) {
    threads_.emplace_back([&worker = *worker] {
      pthread_setname_np(pthread_self(), ("worker-" + std::to_string(worker.index())).c_str());
      worker.run();
    });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

void SocketIoServer::stop() {
  if (threads_.empty()) return;
  // First all deliver what was accepted, and tell each other of it; then every worker closes its sessions in
  // one turn, whose flush writes their last words.
  on_all_workers([](Worker& worker) { static_cast<void>(worker.hub().run_log()); });
  on_all_workers([](Worker& worker) { worker.close_sessions(CloseReason::shutting_down); });
  end_workers();
}

void SocketIoServer::on_all_workers(void (*task)(Worker&)) {
  std::latch done(static_cast<std::ptrdiff_t>(workers_.size()));
  for (const auto& worker : workers_) {
    worker->post(WorkerTask([&worker = *worker, task, &done] {
      task(worker);
      done.count_down();
    }));
  }
  done.wait();
}

void SocketIoServer::end_workers() {
  for (const auto& worker : workers_) worker->request_stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const auto& worker : workers_) worker->release_sockets();
}

}  // namespace relay
