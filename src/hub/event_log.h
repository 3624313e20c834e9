#pragma once
// The log: one append-only sequence of immutable encoded events for the node. It is at once the order of
// everything, the hand-over between threads, and the store of what is retained for recovery and history.
//
//     evicted | retained ............ | unread by the slowest worker .. | head
//             ^ front                 ^ cursor of a lagging worker       ^ cursors of the others, and of
//             sleepers
//
// To publish is to append. Nobody delivers an event before reading it from the log, its own neither: so all
// workers see one order, a position is an offset, and a worker that lags only has a cursor that lags.
//
// A worker is awake or asleep. An awake one is never woken: it looks at the head once a turn. A sleeping
// one's cursor stands at the head; whoever appends what concerns it sets the cursor to that entry and wakes
// it once. A worker that an event does not concern is not woken at all.
//
// An entry that a worker has read stays where it is until that worker reports it, so that reading copies
// nothing.
//
// A log that is a node's own gives positions one after the other. One that follows a bus takes those that the
// bus gives: they rise, but not by one.
//
// What is retained is found again by room (RoomTable). An entry goes when all workers have read it and it is
// beyond the window or the byte budget; of a room that holds more than an eighth of the budget, the oldest
// goes at once. Whoever resumes from a position proves with the floors of its rooms that it missed nothing
// that is gone.
//
// Threading: safe from any thread; each worker calls the functions that take `worker` for itself only. One
// lock, held for a batch at a time and never while calling out.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "hub/event.h"
#include "hub/head_marks.h"
#include "hub/room_table.h"

namespace relay {

// What an entry is for. Those that are no event concern every worker, and all its sockets.
enum class EntryKind : std::uint8_t {
  event,
  loss,       // the bus has lost events before this place, and nobody knows whose
  new_epoch,  // what comes behind it has positions of another epoch
};

// An entry as a worker reads it. What is not guarded by the log's lock does not change while any worker has
// it unread.
struct LogEntry {
  Position position = 0;
  EntryKind kind = EntryKind::event;
  Epoch epoch = {};  // that the position belongs to; of a new epoch: the one before
  Audience audience = {};
  EncodedPacketPtr packet = {};  // null: no event, or only its place is left
  std::vector<EncodedPacketPtr> attachments = {};
  SteadyTime received = {};
  SteadyTime appended = {};
  PublishTicket ticket = {};
  bool has_offset = false;
  bool is_volatile = false;
  bool is_retained = false;
  bool is_listed = false;
  bool wants_receipts = false;
  std::size_t bytes = 0;           // of the frames and of our own records
  std::uint64_t bytes_before = 0;  // of all that was ever appended before it

  WorkerSet unreported = 0;    // guarded by the log's lock
  std::size_t recipients = 0;  // guarded by the log's lock: as far as reported
  std::uint32_t holders = 0;   // guarded by the log's lock: rooms in whose history it is
};

// A retained event, to be sent again. It stays good when the log has forgotten it.
struct RetainedEvent {
  Position position;
  EncodedPacketPtr packet;
  std::vector<EncodedPacketPtr> attachments;
  PublishTicket receipt_to;  // of an event that wants receipts
};

class EventLog {
 public:
  struct Options {
    unsigned workers_count = 1;
    std::chrono::milliseconds retention_window{120'000};
    std::size_t retained_bytes_max = 67'108'864;  // 0, or a window of 0: nothing is retained
    bool follows_bus = false;                     // which gives positions, and lets them pass
  };
  struct Delivered {
    LogEntry* entry;
    std::size_t recipients;
  };
  struct Levels {
    std::size_t retained_events;
    std::size_t retained_bytes;
    std::size_t rooms;
  };
  // A socket that is to get again what it missed.
  struct Reader {
    std::string_view namespace_name;
    std::span<const std::string_view> rooms;  // without its own id
    std::string_view socket_id;               // its own room; not sent what excepts it
  };
  // A page ends with the event that makes it reach one of these.
  struct PageLimits {
    std::size_t events;
    std::size_t bytes;
  };
  enum class ReplayEnd : std::uint8_t {
    complete,
    more,       // a limit was reached
    overtaken,  // the log no longer reaches back to `after`
  };
  struct Replayed {
    ReplayEnd end;
    Position up_to;  // from where to go on
  };
  struct HistoryPage {
    std::vector<RetainedEvent> events;
    bool complete;  // it begins right behind the position that was asked for
  };

  // How far the slowest worker may lag. An append beyond it is refused with PublishFate::overloaded.
  static constexpr std::size_t lag_bytes_max = 128 * 1024 * 1024;
  static constexpr std::size_t lag_events_max = 262'144;
  // Each batch that is appended makes room for itself and for a little more.
  static constexpr std::size_t evicted_per_append_max = 64;
  static constexpr std::size_t evicted_per_lock_max = 1024;
  // No room may hold more than this part of the budget.
  static constexpr std::size_t room_share = 8;

  // `wake` is called on the appending thread, without the lock. `clock` must outlive the log.
  EventLog(Options options, const Clock& clock, std::function<void(unsigned worker)> wake);

  [[nodiscard]] Epoch epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
  [[nodiscard]] unsigned workers_count() const noexcept { return options_.workers_count; }
  [[nodiscard]] bool retains() const noexcept { return retains_; }
  [[nodiscard]] bool follows_bus() const noexcept { return options_.follows_bus; }
  [[nodiscard]] std::chrono::milliseconds retention_window() const noexcept {
    return options_.retention_window;
  }

  // Appends in order. Each event gets its position, and its offset is written into its packet, which is
  // shared from then on. The outcome of a ticket comes to its worker, through take_outcomes().
  void append(std::span<NewEvent> events);
  // For a bus that did not hand an event on.
  void refuse(const PublishTicket& ticket, PublishFate fate,
              std::shared_ptr<const EarlierPublish> earlier = nullptr);

  // ---- for a bus that the log follows

  // Whether no worker lags too far behind for events of so many bytes.
  [[nodiscard]] bool has_room_for(std::size_t bytes) const;
  // All up to this position has passed, though it may not have been for anybody here.
  void pass(Position position);
  // What lies at or below this position, and is not in the log, is lost: nobody resumes from before it, and
  // every worker hears of it in its place.
  void lose(Position up_to);
  // The epoch in which the log begins; before the first event.
  void set_epoch(const Epoch& epoch, Position above);
  // Positions belong to another epoch from now on, and begin above this one: nobody resumes from before, and
  // every worker hears of it in its place.
  void begin_epoch(const Epoch& epoch, Position above);

  // ---- for a worker's turn

  // The worker has something to do: nobody needs to wake it.
  void begin_turn(unsigned worker);
  // False: there is something to read or an outcome to take; the worker stays awake.
  [[nodiscard]] bool prepare_to_sleep(unsigned worker);

  // The next entries for this worker, at most `entries_max`, in order. Good until report()ed.
  void read(unsigned worker, std::size_t entries_max, std::vector<LogEntry*>& out);
  // Whether read() would find anything new since the last call; may say yes for what does not concern the
  // worker.
  [[nodiscard]] bool has_unread(unsigned worker) const noexcept {
    return head_.load(std::memory_order_acquire) != readers_[worker].cursor_copy;
  }
  // The first entry that the worker has not read.
  [[nodiscard]] Position cursor(unsigned worker) const noexcept { return readers_[worker].cursor_copy; }
  void report(unsigned worker, std::span<const Delivered> delivered);
  void take_outcomes(unsigned worker, std::vector<PublishOutcome>& out);

  // The worker's first member of this room is about to be added. Returns the head: what lies before it must
  // be read and delivered first, so that the member gets what comes after, neither more nor less.
  [[nodiscard]] Position join(unsigned worker, std::string_view namespace_name, std::string_view room);
  // The worker's last member of this room has left.
  void leave(unsigned worker, std::string_view namespace_name, std::string_view room);

  // Whether events for this socket id reach that worker without a join().
  [[nodiscard]] bool is_home_of(unsigned worker, std::string_view socket_id) const noexcept;

  // ---- a socket that comes back lives once, on however many workers its clients try
  //
  // Whoever claims it last gets it: the claim is taken, the connections that hold the socket are closed, the
  // claim is settled. A claim that was overtaken meanwhile can't be.

  struct SocketClaim {
    std::uint64_t number;
    WorkerSet holders;  // workers on which the socket may live
  };
  [[nodiscard]] SocketClaim claim_socket(std::string_view namespace_name, std::string_view socket_id);
  // The worker has the socket from now on, as by join(). Nullopt: another claim came later.
  [[nodiscard]] std::optional<Position> settle_claim(unsigned worker, std::string_view namespace_name,
                                                     std::string_view socket_id, std::uint64_t claim);
  // Without harm to a later one.
  void abandon_claim(std::string_view socket_id, std::uint64_t claim);

  // ---- what is retained

  // Whether all that came to the reader's rooms after `position` is still here.
  [[nodiscard]] bool reaches(const Reader& reader, Position position) const;
  // Appends to `out`, in order, what the reader is to get again: the events above `after` and below `end`.
  [[nodiscard]] Replayed replay(const Reader& reader, Position after, Position end, const PageLimits& limits,
                                std::vector<RetainedEvent>& out) const;
  // The listed events of one room above `after`, or from the oldest.
  [[nodiscard]] HistoryPage history(std::string_view namespace_name, std::string_view room,
                                    std::optional<Position> after, const PageLimits& limits) const;

  // The position that the next event will get.
  [[nodiscard]] Position head() const noexcept { return head_.load(std::memory_order_acquire); }
  // Where the head stood that long ago, to the precision of tick().
  [[nodiscard]] Position head_before(std::chrono::milliseconds age) const;
  [[nodiscard]] Levels levels() const;

  // Lets time pass although nothing is appended: drops what is beyond the window, and sees to it that even a
  // quiet log's positions grow older. To be called every tick_interval().
  void tick();
  [[nodiscard]] std::chrono::milliseconds tick_interval() const noexcept;

 private:
  struct alignas(64) Cursor {
    Position cursor = 1;                   // guarded by mutex_: the first entry that was not read
    bool asleep = false;                   // guarded by mutex_
    std::vector<PublishOutcome> outcomes;  // guarded by mutex_
    std::atomic<bool> has_outcomes{false};
    Position cursor_copy = 1;  // the worker's own: `cursor` after its last read
  };

  void append_locked(NewEvent& event, SteadyTime now, WorkerSet& to_wake);
  void finish_locked(const PublishTicket& ticket, PublishOutcome outcome, WorkerSet& to_wake);
  void wake_locked(unsigned worker, Position cursor, WorkerSet& to_wake);
  [[nodiscard]] Position slowest_cursor_locked() const;
  [[nodiscard]] bool lags_locked(std::size_t bytes) const;
  void wake_all(WorkerSet workers) const;

  void mark_time();
  // Returns the workers that the entry concerns.
  [[nodiscard]] WorkerSet retain_locked(LogEntry& entry);
  void evict_from_room_locked(LogEntry& entry, std::string_view namespace_name, std::string_view room);
  // Of what has only grown too old at most `expired_max` entries, so that nobody waits long for the lock.
  // True if there are more.
  bool evict_locked(SteadyTime now, std::size_t expired_max);
  void release_if_done_locked(LogEntry& entry);
  [[nodiscard]] bool reaches_locked(const Reader& reader, Position position) const;
  [[nodiscard]] bool is_too_old_locked(Position position) const;
  [[nodiscard]] std::size_t held_bytes_locked() const { return held_bytes_ + rooms_.history_bytes(); }
  // Of the first entry that is not below this position; entries_.size() if there is none.
  [[nodiscard]] std::size_t index_locked(Position position) const;
  [[nodiscard]] LogEntry& entry_locked(Position position) { return entries_[index_locked(position)]; }
  [[nodiscard]] const LogEntry& entry_locked(Position position) const {
    return entries_[index_locked(position)];
  }
  void pass_locked(Position position);
  // An entry that is no event.
  void append_notice_locked(EntryKind kind, const Epoch& ended, Position position, WorkerSet& to_wake);

  const Options options_;
  const Clock& clock_;
  const std::function<void(unsigned)> wake_;
  std::atomic<Epoch> epoch_;  // written under mutex_
  const bool retains_;

  mutable std::mutex mutex_;
  std::deque<LogEntry> entries_;                           // guarded by mutex_; elements never move
  RoomTable rooms_;                                        // guarded by mutex_
  HeadMarks marks_;                                        // guarded by mutex_
  std::unordered_map<std::string, std::uint64_t> claims_;  // guarded by mutex_: socket id to claim under way
  std::uint64_t claims_count_ = 0;                         // guarded by mutex_
  Position ticked_head_ = 0;                               // guarded by mutex_: the head at the last tick
  std::size_t held_bytes_ = 0;                             // guarded by mutex_: of the entries
  std::size_t retained_ = 0;                               // guarded by mutex_: entries that a room holds
  std::uint64_t appended_bytes_ = 0;                       // guarded by mutex_
  std::atomic<Position> head_{1};                          // written under mutex_
  std::array<Cursor, workers_max> readers_;
};

}  // namespace relay
