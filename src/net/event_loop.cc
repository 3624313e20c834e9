#include "net/event_loop.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <unistd.h>

#include "base/check.h"

namespace relay {
namespace {

constexpr std::size_t events_per_turn_max = 512;

// epoll_wait() counts in milliseconds, which makes every short timer one later. Kernels before 5.11 have
// nothing finer.
int wait_for_events(int epoll_descriptor, std::span<epoll_event> events, std::chrono::microseconds time) {
  static std::atomic<bool> is_fine{true};
  if (is_fine.load(std::memory_order_relaxed)) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const timespec timeout{.tv_sec = seconds.count(),
                           .tv_nsec = std::chrono::nanoseconds(time - seconds).count()};
    const int count =
        epoll_pwait2(epoll_descriptor, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (count >= 0 || errno != ENOSYS) return count;
    is_fine.store(false, std::memory_order_relaxed);
  }
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  return epoll_wait(epoll_descriptor, events.data(), static_cast<int>(events.size()),
                    static_cast<int>(milliseconds));
}

}  // namespace

EventLoop::EventLoop(const Clock& clock, std::chrono::microseconds tick)
    : clock_(clock),
      now_(clock.steady()),
      timers_(now_, tick),
      epoll_descriptor_(epoll_create1(EPOLL_CLOEXEC)),
      wake_descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      read_buffer_(read_buffer_bytes),
      events_(events_per_turn_max) {
  RELAY_CHECK(epoll_descriptor_ >= 0 && wake_descriptor_ >= 0);
  bool ok = true;
  watch(wake_descriptor_, EPOLLIN, nullptr, EPOLL_CTL_ADD, ok);
  RELAY_CHECK(ok);
}

EventLoop::~EventLoop() {
  destroy_closed();
  close(wake_descriptor_);
  close(epoll_descriptor_);
}

void EventLoop::watch(int descriptor, std::uint32_t events, LoopObject* object, int operation, bool& ok) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = object;
  ok = epoll_ctl(epoll_descriptor_, operation, descriptor, &event) == 0;
}

bool EventLoop::add(int descriptor, LoopObject& object) {
  bool ok = false;
  // EPOLLOUT costs nothing while the socket takes what it is given, and saves a call each time it does not.
  watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &object, EPOLL_CTL_ADD, ok);
  return ok;
}

bool EventLoop::add_listener(int descriptor, LoopObject& object) {
  bool ok = false;
  watch(descriptor, EPOLLIN, &object, EPOLL_CTL_ADD, ok);
  return ok;
}

void EventLoop::hand_to(int descriptor, LoopObject& object) {
  bool ok = false;
  watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &object, EPOLL_CTL_MOD, ok);
  RELAY_CHECK(ok);
}

void EventLoop::remove(int descriptor) {
  epoll_ctl(epoll_descriptor_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void EventLoop::continue_later(LoopObject& object) {
  if (object.continued_) return;
  object.continued_ = true;
  continued_.push_back(&object);
}

void EventLoop::wait(std::chrono::milliseconds wait_max) {
  RELAY_DCHECK(bound_.on_owner_thread());
  update_now();
  const auto wait = continued_.empty()
                        ? std::min<std::chrono::microseconds>(wait_max, timers_.until_next(now_))
                        : std::chrono::microseconds(0);
  const int count = wait_for_events(epoll_descriptor_, events_, wait);
  events_count_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  update_now();
}

void EventLoop::dispatch() {
  continuing_.swap(continued_);
  // destroy_later() nulls entries of this list while it is walked.
  for (std::size_t i = 0; i < continuing_.size(); ++i) {
    LoopObject* const object = continuing_[i];
    if (object == nullptr) continue;
    object->continued_ = false;
    object->on_io(EPOLLIN);
  }
  continuing_.clear();

  for (std::size_t i = 0; i < events_count_; ++i) {
    const epoll_event& event = events_[i];
    if (event.data.ptr == nullptr) {
      std::uint64_t wakes = 0;
      [[maybe_unused]] const ssize_t got = read(wake_descriptor_, &wakes, sizeof wakes);
      continue;
    }
    static_cast<LoopObject*>(event.data.ptr)->on_io(event.events);
  }
  events_count_ = 0;
  timers_.advance(now_);
}

void EventLoop::flush_dirty() {
  // A flush may close a connection and so make another one dirty (a farewell, an answer): hence the loop.
  while (!dirty_.empty()) {
    flushing_.swap(dirty_);
    for (LoopObject* const object : flushing_) {
      object->dirty_ = false;
      object->flush();
    }
    flushing_.clear();
  }
}

void EventLoop::destroy_closed() {
  // Destructors may close further objects.
  while (!closed_.empty()) {
    const auto dying = std::exchange(closed_, {});
    for (const auto& object : dying) {
      if (object->dirty_)
        std::erase(dirty_, object.get());  // made so by another's destructor, after the flush
    }
  }
}

void EventLoop::destroy_later(std::unique_ptr<LoopObject> object) {
  if (object->continued_) {
    std::ranges::replace(continued_, object.get(), nullptr);
    std::ranges::replace(continuing_, object.get(), nullptr);
  }
  closed_.push_back(std::move(object));
}

void EventLoop::wake() const noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_descriptor_, &one, sizeof one);
}

}  // namespace relay
