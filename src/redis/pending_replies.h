#pragma once
// The commands of one connection whose replies have not come, in the order in which they were sent: Redis
// answers in that order. Only what it pushes to a subscriber comes between, and is told apart here.
//
// A deadline never lies before that of the command ahead: a command waits for those before it, so only the
// first deadline matters.
//
// Threading: bound to one thread.

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>

#include "base/clock.h"
#include "redis/redis_reply.h"

namespace relay {

// May be empty: the reply is then dropped. May take the reply's texts.
using RedisCallback = std::move_only_function<void(RedisReply&&)>;

class PendingReplies {
 public:
  // What a reply is for.
  struct Match {
    bool is_push = false;      // for the listener
    bool is_unasked = false;   // for nobody: the server and we have lost the thread
    RedisCallback callback{};  // may be empty
  };

  void add(RedisCallback callback, SteadyTime deadline);
  // A (un)subscribe command of `channels_count` channels, which gets one confirmation for each, each of them
  // a push as well. `callback` is for the last confirmation, or the error that comes instead of all.
  void add_subscription(RedisCallback callback, SteadyTime deadline, std::size_t channels_count);

  // Takes the command that `reply` answers out of the list.
  [[nodiscard]] Match match(const RedisReply& reply);

  // Of the first command.
  [[nodiscard]] std::optional<SteadyTime> deadline() const;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  // Empties the list, then tells each callback that its reply is lost. A callback may add to this list or
  // ask it.
  void lose_all();

 private:
  struct Entry {
    RedisCallback callback;
    SteadyTime deadline;
    std::size_t confirmations_missing;  // 0: no subscription
  };

  void append(RedisCallback callback, SteadyTime deadline, std::size_t confirmations);
  [[nodiscard]] RedisCallback take_first();

  std::deque<Entry> entries_;
  bool subscriber_ = false;  // from the first confirmation on
};

}  // namespace relay
