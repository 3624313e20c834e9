#pragma once
// The door into a worker from another thread.
//
// Any thread may post(); only the owning worker drains. Messages from one thread are drained in the order in
// which it posted them. post() wakes the worker's loop at most once between two drains.

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "net/event_loop.h"

namespace relay {

template <typename Message>
class Inbox {
 public:
  // `loop` is the owner's and must outlive the inbox.
  explicit Inbox(const EventLoop& loop) : loop_(loop) {}

  void post(Message message) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = pending_.empty();
      pending_.push_back(std::move(message));
      waiting_.store(true, std::memory_order_release);
    }
    if (first) loop_.wake();
  }

  // Hands every message posted so far to `handle`, outside the lock: a handler may post again, and what it
  // posts waits for the next drain.
  template <typename Handler>
  void drain(Handler&& handle) {
    if (!waiting_.load(std::memory_order_acquire)) return;
    {
      const std::lock_guard lock(mutex_);
      draining_.swap(pending_);
      waiting_.store(false, std::memory_order_relaxed);
    }
    for (Message& message : draining_) handle(std::move(message));
    draining_.clear();
  }

 private:
  const EventLoop& loop_;
  std::mutex mutex_;
  std::vector<Message> pending_;   // guarded by mutex_
  std::vector<Message> draining_;  // owner thread only
  std::atomic<bool> waiting_{false};
};

}  // namespace relay
