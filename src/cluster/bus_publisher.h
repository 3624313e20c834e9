#pragma once
// What this node publishes, on its way through Redis and back.
//
//     taken --> waiting --> in the batch that Redis runs --> published --> it came back: into the log
//                  |                    |                        |
//                  '-- not_done         '-- duplicate, conflict, '-- unknown: it did not come back in time
//                      at its deadline      full, refused
//
// There is one batch at a time, of all that waited, so that a busy node pays one round trip for many events.
// A batch without an answer is run again, the very same, on a new connection; Redis does it once. An event
// whose deadline passes is not_done if no run of its batch can have happened, else unknown.
//
// Threading: bound to the bus's thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/bus_format.h"
#include "cluster/bus_probe.h"
#include "cluster/publish_script.h"
#include "hub/event_log.h"
#include "net/event_loop.h"
#include "redis/redis_connection.h"

namespace relay {

struct BusPublisherOptions {
  std::string uid;                           // of this node, as the sender of its messages
  std::chrono::milliseconds timeout{2'000};  // from take() to the outcome
  PublishScriptOptions script;
};

// A message for nobody: what it is told by on its way back. Nobody can be in its room, whose name is private.
inline constexpr std::string_view canary_name = "relay:canary";
inline constexpr std::string_view canary_room = "~relay";

class BusPublisher {
 public:
  // Further ones are refused.
  static constexpr std::size_t waiting_events_max = 65'536;
  static constexpr std::size_t waiting_bytes_max = 64 * 1024 * 1024;
  // Published and not yet back; with more, nothing new is sent.
  static constexpr std::size_t pending_max = 65'536;

  static constexpr std::size_t batch_bytes_max = 1024 * 1024;

  using Task = std::move_only_function<void()>;

  // An event of this node that has come back.
  struct Returned {
    NewEvent event;
    std::uint64_t number;  // of the message
    Task on_delivered;
  };
  struct Calls {
    // With the answer to each batch, before anything else is made of it.
    std::function<void(const PublishBatchResult&)> on_answer;
    // This connection is of no use: Redis says it is read-only, or loading.
    std::function<void(std::string_view reason)> on_useless;
    // What Redis says of a message that it did not take.
    std::function<void(std::string_view reason)> on_refused;
    // The highest number that was seen.
    std::function<std::uint64_t()> last_number;
  };

  // All must outlive the publisher.
  BusPublisher(EventLoop& loop, BusPublisherOptions options, const BusFormat& format, EventLog& log,
               BusProbe& probe, Calls calls);

  // `run`: see PublishBatch.
  void on_link_up(RedisConnection& connection, std::string run);
  void on_link_down();
  // Whether what is published would come back. While it would not, nothing is.
  void set_open(bool is_open);

  void take(NewEvent event, Task on_delivered = {});
  // `on_delivered` is for whoever takes it back. True if it was sent, or will be.
  bool send_canary(Task on_delivered = {});
  // Sends what waits, if it can be sent. To be called when a turn has taken all.
  void pump();
  // None: it is not waited for any more.
  [[nodiscard]] std::optional<Returned> take_back(std::uint64_t number);
  // By the mark of its format, for what comes in the order in which it was published, as nearly all does.
  // None: it is another.
  [[nodiscard]] std::optional<Returned> take_back_next(std::uint64_t mark);
  // Settles what is overdue.
  void tick();
  // The next batch ends this epoch, if it is still the current one.
  void end_epoch(std::string epoch) { broken_epoch_ = std::move(epoch); }

  // Nothing is on its way.
  [[nodiscard]] bool is_idle() const noexcept { return waiting_.empty() && pending_.empty(); }

 private:
  struct Waiting {
    NewEvent event;
    SteadyTime taken;
    Task on_delivered = {};
  };
  struct Pending {
    NewEvent event;
    SteadyTime taken;
    std::uint64_t mark;
    Task on_delivered = {};
  };
  struct Batch {
    std::uint64_t number;
    std::uint64_t first;  // number of its first message
    std::vector<BusMessage> messages;
    std::string epoch_candidate;
    std::string broken_epoch;
    std::uint64_t numbers_above;
    bool is_asked = false;      // a run is under way
    bool may_have_run = false;  // a run was lost
    bool is_probe = false;
    bool is_overdue = false;  // for some of it, at least
  };

  using PendingEvents = std::map<std::uint64_t, Pending>;  // by the number of the message

  [[nodiscard]] Returned take_out(PendingEvents::iterator found);
  [[nodiscard]] bool can_publish() const noexcept { return connection_ != nullptr && is_open_; }
  [[nodiscard]] bool is_away() const;
  void compose();
  void take_apart();
  [[nodiscard]] bool is_awaited() const;
  void give_up_batch();
  void ask(bool whole);
  void on_reply(std::uint64_t batch_number, const RedisReply& reply);
  void on_error(const RedisReply& reply);
  void settle(std::uint64_t number, const PublishedMessage& message, bool may_have_run);
  void refuse(const NewEvent& event, PublishFate fate);
  [[nodiscard]] PublishBatch view_of(const Batch& batch) const;

  EventLoop& loop_;
  const BusPublisherOptions options_;
  const BusFormat& format_;
  EventLog& log_;
  BusProbe& probe_;
  const Calls calls_;
  const PublishScript script_;
  const PublishScript probe_script_;  // its nonce is forgotten at once
  RedisConnection* connection_ = nullptr;
  std::string run_;
  SteadyTime away_since_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  PendingEvents pending_;  // in the order of their deadlines
  std::optional<Batch> batch_;
  std::uint64_t messages_count_ = 0;
  std::uint64_t batches_count_ = 0;
  std::string broken_epoch_;
  // The first batch is a canary alone, with a nonce, so that all rights have been tried before an event needs
  // them. Nothing else is sent until it was taken.
  enum class Probing : std::uint8_t { due, queued, asked, done };
  Probing probing_ = Probing::due;
  bool is_open_ = false;
};

}  // namespace relay
