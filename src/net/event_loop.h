#pragma once
// One worker's readiness loop: epoll, edge-triggered, a turn at a time.
//
// A turn is: events, then whatever the owner of the loop does with them, then one flush of every connection
// that was written to, then the end of everything that closed. The loop offers the four steps; the worker
// calls them in order.
//
// Threading: bound to one worker, but for wake().

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <sys/epoll.h>

#include "base/clock.h"
#include "base/thread_bound.h"
#include "net/timer_wheel.h"

namespace relay {

// What lives on a loop: it may watch a descriptor, and it may have bytes to write at the end of the turn. It
// is destroyed through EventLoop::destroy_later(), never inside a turn, so that an event already fetched for
// it cannot meet a dead object.
class LoopObject {
 public:
  virtual ~LoopObject() = default;
  // `events`: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR. Edge-triggered: what is not taken now is not
  // announced again; see EventLoop::continue_later().
  virtual void on_io(std::uint32_t /*events*/) {}
  // Once in a turn, after EventLoop::mark_dirty().
  virtual void flush() {}

 private:
  friend class EventLoop;
  bool dirty_ = false;
  bool continued_ = false;
};

class EventLoop {
 public:
  static constexpr std::size_t read_buffer_bytes = 64 * 1024;

  // `clock` must outlive the loop. `tick` is the timers' grain.
  EventLoop(const Clock& clock, std::chrono::microseconds tick);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Watches `descriptor` for everything, edge-triggered. False when the kernel has no memory for it.
  [[nodiscard]] bool add(int descriptor, LoopObject& object);
  // Listening sockets are level-triggered: a connection that is not accepted in this turn is announced again.
  [[nodiscard]] bool add_listener(int descriptor, LoopObject& object);
  // Gives the events of a watched descriptor to another object.
  void hand_to(int descriptor, LoopObject& object);
  void remove(int descriptor);

  // The object left readable bytes behind to let others have their turn: it is called again in the next one.
  void continue_later(LoopObject& object);

  // Step 1: waits for events, for the next timer or for `wait_max`.
  void wait(std::chrono::milliseconds wait_max);
  // Step 2: hands the events and the timers that are due to their objects.
  void dispatch();
  // Step 3: writes what the turn brought together, once for each connection.
  void flush_dirty();
  // Step 4.
  void destroy_closed();

  void mark_dirty(LoopObject& object) {
    if (object.dirty_) return;
    object.dirty_ = true;
    dirty_.push_back(&object);
  }
  // The object ends with the turn. Until then it may still be flushed, which must then do nothing.
  void destroy_later(std::unique_ptr<LoopObject> object);

  // Makes a wait() return. Threading: any.
  void wake() const noexcept;

  // The time at the last wait(): good enough for everything but a measurement.
  [[nodiscard]] SteadyTime now() const noexcept { return now_; }
  void update_now() noexcept { now_ = clock_.steady(); }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] TimerWheel& timers() noexcept { return timers_; }

  // Shared by all objects of the loop: what is in it is gone when on_io() returns.
  [[nodiscard]] std::span<char> read_buffer() noexcept { return read_buffer_; }

 private:
  void watch(int descriptor, std::uint32_t events, LoopObject* object, int operation, bool& ok);

  const ThreadBound bound_;
  const Clock& clock_;
  SteadyTime now_;
  TimerWheel timers_;
  int epoll_descriptor_;
  int wake_descriptor_;
  std::vector<char> read_buffer_;
  std::vector<epoll_event> events_;
  std::size_t events_count_ = 0;
  std::vector<LoopObject*> dirty_;
  std::vector<LoopObject*> flushing_;
  std::vector<LoopObject*> continued_;
  std::vector<LoopObject*> continuing_;
  std::vector<std::unique_ptr<LoopObject>> closed_;
};

}  // namespace relay
