#pragma once
// The bus of a node that is alone: its log is the whole cluster, and says yes at once.

#include <vector>

#include "hub/cluster_bus.h"
#include "hub/event_log.h"

namespace relay {

class LocalBus final : public ClusterBus {
 public:
  // `log` must outlive the bus.
  explicit LocalBus(EventLog& log) : log_(log) {}

  void publish(NewEvent event) override { pending_.push_back(std::move(event)); }
  void flush() override {
    if (pending_.empty()) return;
    log_.append(pending_);
    pending_.clear();
  }

 private:
  EventLog& log_;
  std::vector<NewEvent> pending_;
};

}  // namespace relay
