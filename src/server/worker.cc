#include "server/worker.h"

#include <algorithm>
#include <utility>

#include "hub/local_bus.h"

namespace relay {
namespace {

// An idle worker turns this often, so that whoever looks can tell it from one that hangs.
constexpr auto idle_wait_max = std::chrono::milliseconds(1'000);

}  // namespace

Worker::Worker(unsigned index, const ServerOptions& options, ServerShared& shared)
    : index_(index),
      options_(options),
      shared_(shared),
      loop_(shared.clock, options.timer_tick),
      bus_(options.make_bus ? options.make_bus(index, shared.log) : std::make_unique<LocalBus>(shared.log)),
      hub_(index, options.hub, loop_, shared.log, *bus_, shared.hub),
      connections_(loop_, *this, options.http, net_probe_),
      inbox_(loop_) {
  measure_turn(loop_.now());  // it counts as alive from here on
}

// Sessions first: they answer their parked polls through connections, and tell the application that they end.
Worker::~Worker() {
  engines_.clear();
  loop_.destroy_closed();
}

void Worker::mount(EngineOptions options, SessionAcceptor* acceptor) {
  EngineHome home{.worker = index_,
                  .workers_count = options_.workers_count,
                  .incarnation = shared_.incarnation,
                  .hand_over = shared_.hand_over,
                  .on_untrusted_proxy = untrusted_proxy_notice_,
                  .on_handshake_refused = refusal_notice_};
  SessionAcceptor& accepts = acceptor == nullptr ? hub_ : *acceptor;
  engines_.push_back(std::make_unique<EngineServer>(std::move(home), std::move(options), shared_.engine,
                                                    connections_, accepts, engine_probe_));
}

void Worker::set_untrusted_proxy_notice(std::function<void(const IpAddress&)> notice) {
  untrusted_proxy_notice_ = std::move(notice);
}

void Worker::set_refusal_notice(std::function<void(std::string_view, const IpAddress&)> notice) {
  refusal_notice_ = std::move(notice);
}

void Worker::listen(int descriptor) {
  listeners_.push_back(std::make_unique<Listener>(descriptor, loop_, connections_, net_probe_));
}

void Worker::listen_for(int descriptor, HttpHandler& handler) {
  further_connections_.push_back(
      std::make_unique<HttpConnections>(loop_, handler, options_.http, net_probe_));
  listeners_.push_back(
      std::make_unique<Listener>(descriptor, loop_, *further_connections_.back(), net_probe_));
}

void Worker::run() {
  while (!stop_requested_.load(std::memory_order_acquire)) turn();
}

// One turn. The order is the design:
//   1. what the sockets, the timers and the other workers brought, so that a request published on this very
//   worker is
//      in the log before we look there;
//   2. the log, which appends to write queues and touches no socket;
//   3. one gathered write for each connection that was appended to, however many events it got this turn;
//   4. what closed, last, so that nothing above can meet a dead object.
// Between two turns the worker sleeps only if the log has nothing for it; from then on whoever appends wakes
// it.
void Worker::turn() {
  const bool may_sleep = !more_to_do_ && hub_.prepare_to_sleep();
  loop_.wait(may_sleep ? idle_wait_max : std::chrono::milliseconds(0));
  hub_.begin_turn();
  const SteadyTime began = loop_.now();

  loop_.dispatch();
  inbox_.drain([this](WorkerMessage message) {
    if (auto* const connection = std::get_if<ReleasedConnection>(&message)) {
      connections_.adopt(std::move(*connection));
    } else {
      std::get<WorkerTask>(message)();
    }
  });
  more_to_do_ = hub_.run_log();
  loop_.flush_dirty();
  hub_.after_flush();
  loop_.destroy_closed();
  measure_turn(began);
}

void Worker::measure_turn(SteadyTime began) {
  loop_.update_now();
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - began).count();
  const auto took_us = static_cast<std::uint64_t>(std::max<std::int64_t>(took, 0));
  if (took_us > probe_.longest_turn_us.load(std::memory_order_relaxed)) {
    probe_.longest_turn_us.store(took_us, std::memory_order_relaxed);
  }
  const auto now_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now().time_since_epoch()).count();
  probe_.last_turn_ms.store(now_ms, std::memory_order_relaxed);
}

void Worker::close_sessions(CloseReason reason) {
  // What was accepted in this turn is still owed to the sockets.
  static_cast<void>(hub_.run_log());
  if (application_ != nullptr) application_->before_close();
  for (const auto& engine : engines_) engine->close_all(reason);
  hub_.receipts().finish_all();
}

void Worker::release_sockets() {
  listeners_.clear();
  connections_.abort_all();
  for (const auto& further : further_connections_) further->abort_all();
  loop_.destroy_closed();
}

void Worker::request_stop() {
  stop_requested_.store(true, std::memory_order_release);
  loop_.wake();
}

// ---- requests

HttpHandler& Worker::handler_for(const HttpRequest& request) {
  if (HttpHandler* const handler = application_->http_handler(request.path)) return *handler;
  for (const auto& engine : engines_) {
    if (engine->serves(request.path)) return *engine;
  }
  return application_->fallback_handler();
}

std::optional<std::size_t> Worker::on_head(HttpConnection& connection, const HttpRequest& request) {
  return handler_for(request).on_head(connection, request);
}

std::size_t Worker::body_bytes_max(const HttpRequest& request, std::string_view first_bytes,
                                   std::size_t limit_of_head) {
  return handler_for(request).body_bytes_max(request, first_bytes, limit_of_head);
}

void Worker::on_request(HttpConnection& connection, const HttpRequest& request) {
  handler_for(request).on_request(connection, request);
}

void Worker::on_body_too_large(HttpConnection& connection, const HttpRequest& request) {
  handler_for(request).on_body_too_large(connection, request);
}

void Worker::on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) {
  application_->fallback_handler().on_malformed(connection, status, detail);
}

void Worker::on_aborted(HttpConnection& connection, const HttpRequest& request) {
  handler_for(request).on_aborted(connection, request);
}

}  // namespace relay
