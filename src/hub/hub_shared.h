#pragma once
// What the hubs of all workers share. Threading: safe from any thread.

#include <atomic>
#include <functional>

namespace relay {

class LocalHub;

struct HubShared {
  // Runs a task on another worker's thread, with that worker's hub.
  std::function<void(unsigned worker, std::move_only_function<void(LocalHub&)> task)> post;
  std::atomic<unsigned> open_receipts{0};  // over all workers
};

}  // namespace relay
