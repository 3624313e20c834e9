#pragma once
// Who has confirmed that it got an event, for publishes of one worker that wait to hear it.
//
//     open() --> each concerned worker names its recipients --> the log's outcome says how many they are
//                     --> recipients confirm, in any order --> all have, or the time is over: one report
//
// A recipient is known by its socket id, so that one whose connection broke may confirm as the same socket on
// another connection, and another worker.
//
// Bounds: receipts_max at a time, recipients_max over all of them; open() says no beyond that.
//
// Threading: bound to one worker.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/counter.h"
#include "base/slot_map.h"
#include "hub/position.h"
#include "net/event_loop.h"
#include "net/timer_wheel.h"

namespace relay {

struct Recipient {
  std::string socket_id;
  std::string owner;  // MemberData::owner()
};

struct ReceiptReport {
  std::size_t confirmed = 0;
  std::vector<Recipient> missing = {};  // at most ReceiptBook::missing_named_max
};

struct ReceiptProbe {
  Counter confirmed;
  Counter missing;
  Counter refused;
};

class ReceiptBook {
 public:
  static constexpr std::size_t receipts_max = 1024;
  static constexpr std::size_t recipients_max = 262'144;
  static constexpr std::size_t missing_named_max = 100;
  using Callback = std::move_only_function<void(const ReceiptReport&)>;

  // Both must outlive the book. `open_count` is what all books of a node have open.
  ReceiptBook(EventLoop& loop, std::atomic<unsigned>& open_count);
  ~ReceiptBook();
  ReceiptBook(const ReceiptBook&) = delete;
  ReceiptBook& operator=(const ReceiptBook&) = delete;

  // Before the publish of this ticket. False: too many are open, and nothing was done.
  [[nodiscard]] bool open(Handle ticket);
  // The publish was not accepted: nobody waits.
  void abandon(Handle ticket);
  // A worker's part of the recipients; may come after some of their confirmations.
  void add_recipients(Handle ticket, std::vector<Recipient> recipients);
  void confirm(Handle ticket, std::string_view socket_id);
  // This socket has come back, and has all events up to `position`.
  void confirm_up_to(std::string_view socket_id, Position position);
  // The publish was accepted and has so many recipients. `callback` comes once: when all have confirmed,
  // perhaps at once, or when `deadline` is over.
  void await(Handle ticket, Position position, std::size_t recipients_count, SteadyTime deadline,
             Callback callback);

  // Nobody will confirm any more: reports all that are awaited.
  void finish_all();

  [[nodiscard]] std::size_t size() const noexcept { return receipts_.size(); }
  [[nodiscard]] const ReceiptProbe& probe() const noexcept { return probe_; }

 private:
  struct Receipt;

  void finish_if_complete(Handle ticket, Receipt& receipt);
  void finish(Handle ticket);
  std::unique_ptr<Receipt> take(Handle ticket);

  EventLoop& loop_;
  std::atomic<unsigned>& open_count_;
  std::unordered_map<Handle, std::unique_ptr<Receipt>> receipts_;
  std::size_t recipients_ = 0;
  ReceiptProbe probe_;
};

}  // namespace relay
