#include "hub/event_log.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "hub/socket_id.h"

namespace relay {
namespace {

WorkerSet bit(unsigned worker) {
  return WorkerSet{1} << worker;
}

template <typename Function>
void for_each_worker(WorkerSet workers, Function&& function) {
  for (; workers != 0; workers &= workers - 1) function(static_cast<unsigned>(std::countr_zero(workers)));
}

std::size_t record_bytes(const NewEvent& event) {
  std::size_t bytes = sizeof(LogEntry) + sizeof(EncodedPacket) + event.packet->bytes.size();
  for (const EncodedPacketPtr& attachment : event.attachments)
    bytes += sizeof *attachment + attachment->bytes.size();
  for (const std::string& room : event.audience.rooms) bytes += sizeof room + room.size() + sizeof(Position);
  for (const std::string& socket : event.audience.except) bytes += sizeof socket + socket.size();
  return bytes;
}

}  // namespace

EventLog::EventLog(Options options, const Clock& clock, std::function<void(unsigned)> wake)
    : options_(options),
      clock_(clock),
      wake_(std::move(wake)),
      epoch_(Epoch::random()),
      retains_(options.retained_bytes_max > 0 && options.retention_window.count() > 0),
      rooms_(options.workers_count) {}

// ---- appending

void EventLog::append(std::span<NewEvent> events) {
  if (events.empty()) return;
  WorkerSet to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.steady();
    for (NewEvent& event : events) append_locked(event, now, to_wake);
    evict_locked(now, events.size() + evicted_per_append_max);
  }
  wake_all(to_wake);
}

void EventLog::append_locked(NewEvent& event, SteadyTime now, WorkerSet& to_wake) {
  const std::size_t bytes = record_bytes(event);
  if (lags_locked(bytes)) {
    finish_locked(event.ticket, {event.ticket.handle, PublishFate::overloaded}, to_wake);
    return;
  }
  const Position position = std::max(event.position, head_.load(std::memory_order_relaxed));
  if (event.offset_at > 0) {
    const OffsetText offset = format_offset(epoch().text(), position);
    std::memcpy(event.packet->bytes.data() + event.offset_at, offset.data(), offset.size());
  }
  entries_.push_back({.position = position,
                      .epoch = epoch(),
                      .audience = std::move(event.audience),
                      .packet = std::move(event.packet),
                      .attachments = std::move(event.attachments),
                      .received = event.received,
                      .appended = now,
                      .ticket = event.ticket,
                      .has_offset = event.offset_at > 0,
                      .is_volatile = event.is_volatile,
                      .is_retained = retains_ && event.is_retained && !event.is_volatile,
                      .is_listed = event.is_listed,
                      .wants_receipts = event.wants_receipts,
                      .bytes = bytes,
                      .bytes_before = appended_bytes_});
  LogEntry& entry = entries_.back();
  held_bytes_ += bytes;
  appended_bytes_ += bytes;
  head_.store(position + 1, std::memory_order_release);
  const WorkerSet workers = entry.is_retained ? retain_locked(entry) : rooms_.workers_of(entry.audience);
  entry.unreported = workers;
  if (workers == 0) {
    finish_locked(entry.ticket, {entry.ticket.handle, PublishFate::accepted, epoch(), position}, to_wake);
    release_if_done_locked(entry);
    return;
  }
  for_each_worker(workers, [&](unsigned worker) {
    if (readers_[worker].asleep) wake_locked(worker, position, to_wake);
  });
}

void EventLog::refuse(const PublishTicket& ticket, PublishFate fate,
                      std::shared_ptr<const EarlierPublish> earlier) {
  WorkerSet to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    finish_locked(ticket,
                  PublishOutcome{.handle = ticket.handle, .fate = fate, .earlier = std::move(earlier)},
                  to_wake);
  }
  wake_all(to_wake);
}

void EventLog::pass_locked(Position position) {
  if (position >= head_.load(std::memory_order_relaxed)) head_.store(position + 1, std::memory_order_release);
}

bool EventLog::has_room_for(std::size_t bytes) const {
  const std::lock_guard lock(mutex_);
  return !lags_locked(bytes);
}

void EventLog::pass(Position position) {
  const std::lock_guard lock(mutex_);
  pass_locked(position);
}

void EventLog::append_notice_locked(EntryKind kind, const Epoch& ended, Position position,
                                    WorkerSet& to_wake) {
  position = std::max(position, head_.load(std::memory_order_relaxed));
  entries_.push_back({.position = position,
                      .kind = kind,
                      .epoch = ended,
                      .appended = clock_.steady(),
                      .bytes = sizeof(LogEntry),
                      .bytes_before = appended_bytes_,
                      .unreported = ~WorkerSet{0} >> (workers_max - options_.workers_count)});
  held_bytes_ += sizeof(LogEntry);
  appended_bytes_ += sizeof(LogEntry);
  pass_locked(position);
  for_each_worker(entries_.back().unreported, [&](unsigned worker) {
    if (readers_[worker].asleep) wake_locked(worker, position, to_wake);
  });
}

void EventLog::lose(Position up_to) {
  WorkerSet to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    append_notice_locked(EntryKind::loss, {}, up_to, to_wake);
    rooms_.raise_floor(head_.load(std::memory_order_relaxed) - 1);
  }
  wake_all(to_wake);
}

void EventLog::set_epoch(const Epoch& epoch, Position above) {
  const std::lock_guard lock(mutex_);
  pass_locked(above);
  epoch_.store(epoch, std::memory_order_release);
  rooms_.raise_floor(head_.load(std::memory_order_relaxed) - 1);
}

void EventLog::begin_epoch(const Epoch& epoch, Position above) {
  WorkerSet to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    append_notice_locked(EntryKind::new_epoch, epoch_.load(std::memory_order_relaxed), above, to_wake);
    epoch_.store(epoch, std::memory_order_release);
    rooms_.raise_floor(head_.load(std::memory_order_relaxed) - 1);
  }
  wake_all(to_wake);
}

void EventLog::finish_locked(const PublishTicket& ticket, PublishOutcome outcome, WorkerSet& to_wake) {
  if (ticket.handle == no_handle) return;
  Cursor& reader = readers_[ticket.worker];
  reader.outcomes.push_back(std::move(outcome));
  reader.has_outcomes.store(true, std::memory_order_release);
  if (reader.asleep) wake_locked(ticket.worker, head_.load(std::memory_order_relaxed), to_wake);
}

void EventLog::wake_locked(unsigned worker, Position cursor, WorkerSet& to_wake) {
  readers_[worker].asleep = false;
  readers_[worker].cursor = cursor;
  to_wake |= bit(worker);
}

void EventLog::wake_all(WorkerSet workers) const {
  for_each_worker(workers, wake_);
}

// ---- reading

void EventLog::begin_turn(unsigned worker) {
  const std::lock_guard lock(mutex_);
  Cursor& reader = readers_[worker];
  if (!reader.asleep) return;
  reader.asleep = false;
  reader.cursor = head_.load(std::memory_order_relaxed);
}

bool EventLog::prepare_to_sleep(unsigned worker) {
  const std::lock_guard lock(mutex_);
  Cursor& reader = readers_[worker];
  const Position head = head_.load(std::memory_order_relaxed);
  if (!reader.outcomes.empty()) return false;
  for (std::size_t i = index_locked(reader.cursor); i < entries_.size(); ++i) {
    reader.cursor = entries_[i].position;
    if ((entries_[i].unreported & bit(worker)) != 0) return false;
  }
  reader.cursor = head;
  reader.cursor_copy = head;
  reader.asleep = true;
  return true;
}

void EventLog::read(unsigned worker, std::size_t entries_max, std::vector<LogEntry*>& out) {
  const std::lock_guard lock(mutex_);
  Cursor& reader = readers_[worker];
  const Position head = head_.load(std::memory_order_relaxed);
  std::size_t next = reader.cursor < head ? index_locked(reader.cursor) : entries_.size();
  for (; next < entries_.size() && out.size() < entries_max; ++next) {
    LogEntry& entry = entries_[next];
    if ((entry.unreported & bit(worker)) != 0) out.push_back(&entry);
  }
  reader.cursor = next < entries_.size() ? entries_[next].position : head;
  reader.cursor_copy = reader.cursor;
}

void EventLog::report(unsigned worker, std::span<const Delivered> delivered) {
  WorkerSet to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [entry, recipients] : delivered) {
      entry->recipients += recipients;
      entry->unreported &= ~bit(worker);
      if (entry->unreported != 0) continue;
      finish_locked(
          entry->ticket,
          {entry->ticket.handle, PublishFate::accepted, entry->epoch, entry->position, entry->recipients},
          to_wake);
      release_if_done_locked(*entry);
    }
    if (!retains_) evict_locked(clock_.steady(), SIZE_MAX);
  }
  wake_all(to_wake);
}

void EventLog::take_outcomes(unsigned worker, std::vector<PublishOutcome>& out) {
  Cursor& reader = readers_[worker];
  if (!reader.has_outcomes.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex_);
  out.swap(reader.outcomes);
  reader.has_outcomes.store(false, std::memory_order_relaxed);
}

// ---- the audience

Position EventLog::join(unsigned worker, std::string_view namespace_name, std::string_view room) {
  const std::lock_guard lock(mutex_);
  rooms_.join(worker, namespace_name, room);
  return head_.load(std::memory_order_relaxed);
}

void EventLog::leave(unsigned worker, std::string_view namespace_name, std::string_view room) {
  const std::lock_guard lock(mutex_);
  rooms_.leave(worker, namespace_name, room);
}

bool EventLog::is_home_of(unsigned worker, std::string_view socket_id) const noexcept {
  const auto slot = SocketId::slot_of(socket_id);
  return slot && *slot % options_.workers_count == worker;
}

EventLog::SocketClaim EventLog::claim_socket(std::string_view namespace_name, std::string_view socket_id) {
  const std::lock_guard lock(mutex_);
  claims_[std::string(socket_id)] = ++claims_count_;
  return {claims_count_, rooms_.workers_of_room(namespace_name, socket_id)};
}

std::optional<Position> EventLog::settle_claim(unsigned worker, std::string_view namespace_name,
                                               std::string_view socket_id, std::uint64_t claim) {
  const std::lock_guard lock(mutex_);
  const auto found = claims_.find(std::string(socket_id));
  if (found == claims_.end() || found->second != claim) return std::nullopt;
  claims_.erase(found);
  if (!is_home_of(worker, socket_id)) rooms_.join(worker, namespace_name, socket_id);
  return head_.load(std::memory_order_relaxed);
}

void EventLog::abandon_claim(std::string_view socket_id, std::uint64_t claim) {
  const std::lock_guard lock(mutex_);
  const auto found = claims_.find(std::string(socket_id));
  if (found != claims_.end() && found->second == claim) claims_.erase(found);
}

// ---- bounds

Position EventLog::slowest_cursor_locked() const {
  Position slowest = head_.load(std::memory_order_relaxed);
  for (unsigned worker = 0; worker < options_.workers_count; ++worker) {
    if (!readers_[worker].asleep) slowest = std::min(slowest, readers_[worker].cursor);
  }
  return slowest;
}

bool EventLog::lags_locked(std::size_t bytes) const {
  const Position slowest = slowest_cursor_locked();
  if (slowest >= head_.load(std::memory_order_relaxed)) return false;
  const std::size_t unread = index_locked(slowest);
  if (unread == entries_.size()) return false;
  const std::uint64_t unread_bytes = appended_bytes_ - entries_[unread].bytes_before;
  return unread_bytes + bytes > lag_bytes_max || entries_.size() - unread >= lag_events_max;
}

// Where all positions have entries the first guess is right. Else most of those who ask are near the head:
// they look back from there, in steps that double.
std::size_t EventLog::index_locked(Position position) const {
  if (entries_.empty() || position <= entries_.front().position) return 0;
  const Position guess = position - entries_.front().position;
  if (guess < entries_.size() && entries_[guess].position == position) return guess;
  std::size_t end = entries_.size();
  std::size_t step = 1;
  while (step < end && entries_[end - step].position >= position) {
    end -= step;
    step *= 2;
  }
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(end - std::min(step, end));
  const auto found =
      std::lower_bound(begin, entries_.begin() + static_cast<std::ptrdiff_t>(end), position,
                       [](const LogEntry& entry, Position wanted) { return entry.position < wanted; });
  return static_cast<std::size_t>(found - entries_.begin());
}

}  // namespace relay
