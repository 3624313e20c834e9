#pragma once
// This node as a part of a cluster: the bus, set up as the settings say, and what follows on the workers from
// what it tells.
//
// Threading: the observer's functions run on the bus's thread; the rest is for the thread that owns it.

#include <memory>
#include <string_view>

#include "app/relay_application.h"
#include "app/settings.h"
#include "cluster/redis_bus.h"

namespace relay {

class ClusterNode final : private BusObserver {
 public:
  // With REDIS_URL only. The clock and the log must outlive it.
  ClusterNode(const Settings& settings, const Clock& clock, Log& log);
  ~ClusterNode() override;

  [[nodiscard]] RedisBus& bus() noexcept { return bus_; }
  // Once the applications are made and before the workers run. The node must outlive the bus's thread.
  void start(RelayNode& node);
  // What is on its way is waited for.
  void drain() { bus_.drain(); }
  void stop() { bus_.stop(); }

 private:
  void on_bus_ready() override;
  void on_question(std::string_view kind, std::string_view question,
                   std::move_only_function<void(std::string)> reply) override;
  void count(NodeNews& news) override;
  void run_on_worker(unsigned worker, std::move_only_function<void()> task) override;

  void answer_presence(std::string room, std::move_only_function<void(std::string)> reply);
  void close_socket(std::string_view question, std::move_only_function<void(std::string)> reply);
  // Runs a task on all workers, with the worker's application.
  void on_all_workers(const std::function<void(unsigned worker)>& task);

  RedisBus bus_;
  RelayNode* node_ = nullptr;
};

}  // namespace relay
