#pragma once
// The bus over Redis: a thread of its own with the connections, through which all workers publish and from
// which the log gets its events.
//
//     workers --> BusPublisher --> Redis --> StreamReader, or the subscription --> NumberSequence -->
//     EventLog
//
// The log's order is the bus's order: what this node publishes is delivered when it comes back. Numbers of
// one epoch have no gap; where one shows, the other relays are asked for what is missing, and until they have
// answered nothing behind it is delivered. What nobody has is lost, and the log says so in its place.
//
// Threading: start() and stop() from one thread; what is said otherwise from any.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cluster/bus_format.h"
#include "cluster/bus_probe.h"
#include "cluster/node_news.h"
#include "hub/cluster_bus.h"
#include "hub/event_log.h"
#include "redis/redis_url.h"
#include "relay/presence_ledger.h"

namespace relay {

struct RedisBusOptions {
  RedisUrl url;
  BusAdapter adapter = BusAdapter::pubsub;
  std::string key_prefix = "socket.io";
  std::string cluster_secret;
  std::vector<std::string> cluster_secrets_previous = {};  // accepted, too
  bool has_node_peers = false;                             // messages of others are taken without a MAC
  std::chrono::milliseconds timeout{2'000};
  std::size_t stream_length_max = 10'000;
  std::chrono::seconds nonce_lifetime{3'600};
  std::size_t nonces_max = 500'000;
  std::chrono::milliseconds retention_window{120'000};
  NodeNews self;  // without its uid
  // Rooms hear who comes and goes, and a node that died counts as there for so long. None: nobody is told.
  std::optional<std::chrono::milliseconds> presence_lease = {};
};

// Called on the bus's thread.
class BusObserver {
 public:
  virtual ~BusObserver() = default;
  // What others publish reaches this node again.
  virtual void on_bus_ready() = 0;
  // See ClusterControl::Calls.
  virtual void on_question(std::string_view kind, std::string_view question,
                           std::move_only_function<void(std::string)> reply) = 0;
  // Fills in the counts.
  virtual void count(NodeNews& news) = 0;
  virtual void run_on_worker(unsigned worker, std::move_only_function<void()> task) = 0;
};

// Asks all nodes to close the connection of a socket, which comes back elsewhere: `<socket id> <namespace>`.
inline constexpr std::string_view close_question = "close";

struct ClusterAnswer {
  std::string node;  // its name
  std::string bytes;
};
struct ClusterAnswers {
  std::vector<ClusterAnswer> answers;
  std::vector<std::string> missing;  // names of nodes that did not answer in time
};

class BusEngine;

class RedisBus final : public PresenceLedger {
 public:
  // The clock and the log must outlive the bus.
  RedisBus(RedisBusOptions options, const Clock& clock, Log& log);
  ~RedisBus() override;
  RedisBus(const RedisBus&) = delete;
  RedisBus& operator=(const RedisBus&) = delete;

  // A worker's door. The bus must outlive it.
  [[nodiscard]] std::unique_ptr<ClusterBus> make_port(unsigned worker);

  // Both must outlive the bus's thread.
  void start(EventLog& events, BusObserver& observer);
  // Waits until nothing is on its way, for the timeout at most.
  void drain();
  // Says goodbye and ends the thread.
  void stop();

  // ---- safe from any thread

  [[nodiscard]] const BusProbe& probe() const noexcept { return probe_; }
  [[nodiscard]] const RedisBusOptions& options() const noexcept { return options_; }
  [[nodiscard]] bool is_ready() const noexcept { return probe_.is_ready.load(std::memory_order_acquire); }
  // Runs on the bus's thread.
  void post(std::move_only_function<void()> task);
  // With a presence_lease; from start() on.
  void enter(std::string room, std::string account) override;
  void leave(std::string room, std::string account) override;
  // Runs on a worker's thread. From start() on.
  void run_on_worker(unsigned worker, std::move_only_function<void()> task) {
    observer_->run_on_worker(worker, std::move(task));
  }
  // Asks all other nodes. `done` comes once, on the bus's thread.
  void ask_all(std::string kind, std::string question, std::chrono::milliseconds timeout,
               std::move_only_function<void(ClusterAnswers)> done);

 private:
  class Port;

  const RedisBusOptions options_;
  const Clock& clock_;
  Log& log_;
  BusProbe probe_;
  BusObserver* observer_ = nullptr;  // from start() on
  std::unique_ptr<BusEngine> engine_;
};

}  // namespace relay
