#include "hub/event_log.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/random.h"

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
  for (const std::string& room : event.audience.rooms) bytes += sizeof room + room.size();
  for (const std::string& socket : event.audience.except) bytes += sizeof socket + socket.size();
  return bytes;
}

}  // namespace

EventLog::EventLog(Options options, const Clock& clock, std::function<void(unsigned)> wake)
    : options_(options),
      clock_(clock),
      wake_(std::move(wake)),
      epoch_(random_token(epoch_length)),
      retains_(options.retained_bytes_max > 0 && options.retention_window.count() > 0),
      audience_(options.workers_count) {}

// ---- appending

void EventLog::append(std::span<NewEvent> events) {
  if (events.empty()) return;
  WorkerSet to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.steady();
    evict_locked(now);
    for (NewEvent& event : events) append_locked(event, now, to_wake);
  }
  wake_all(to_wake);
}

void EventLog::append_locked(NewEvent& event, SteadyTime now, WorkerSet& to_wake) {
  const std::size_t bytes = record_bytes(event);
  if (lags_locked(bytes)) {
    finish_locked(event.ticket, {event.ticket.handle, PublishFate::overloaded, 0, 0}, to_wake);
    return;
  }
  const Position position = head_.load(std::memory_order_relaxed);
  if (event.offset_at > 0) {
    const OffsetText offset = format_offset(epoch_, position);
    std::memcpy(event.packet->bytes.data() + event.offset_at, offset.data(), offset.size());
  }
  const WorkerSet workers = audience_.workers_of(event.audience);
  entries_.push_back({.position = position,
                      .audience = std::move(event.audience),
                      .packet = std::move(event.packet),
                      .attachments = std::move(event.attachments),
                      .received = event.received,
                      .appended = now,
                      .is_volatile = event.is_volatile,
                      .ticket = event.ticket,
                      .bytes = bytes,
                      .bytes_before = appended_bytes_,
                      .unreported = workers});
  held_bytes_ += bytes;
  appended_bytes_ += bytes;
  head_.store(position + 1, std::memory_order_release);

  if (workers == 0) {
    finish_locked(event.ticket, {event.ticket.handle, PublishFate::accepted, position, 0}, to_wake);
    release_volatile_locked(entries_.back());
    return;
  }
  for_each_worker(workers, [&](unsigned worker) {
    if (readers_[worker].asleep) wake_locked(worker, position, to_wake);
  });
}

void EventLog::refuse(const PublishTicket& ticket, PublishFate fate) {
  WorkerSet to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    finish_locked(ticket, {ticket.handle, fate, 0, 0}, to_wake);
  }
  wake_all(to_wake);
}

void EventLog::finish_locked(const PublishTicket& ticket, PublishOutcome outcome, WorkerSet& to_wake) {
  if (ticket.handle == no_handle) return;
  Reader& reader = readers_[ticket.worker];
  reader.outcomes.push_back(outcome);
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
  Reader& reader = readers_[worker];
  if (!reader.asleep) return;
  reader.asleep = false;
  reader.cursor = head_.load(std::memory_order_relaxed);
}

bool EventLog::prepare_to_sleep(unsigned worker) {
  const std::lock_guard lock(mutex_);
  Reader& reader = readers_[worker];
  const Position head = head_.load(std::memory_order_relaxed);
  if (!reader.outcomes.empty()) return false;
  for (; reader.cursor < head; ++reader.cursor) {
    if ((entry_locked(reader.cursor).unreported & bit(worker)) != 0) return false;
  }
  reader.cursor_copy = head;
  reader.asleep = true;
  return true;
}

void EventLog::read(unsigned worker, std::size_t entries_max, std::vector<LogEntry*>& out) {
  const std::lock_guard lock(mutex_);
  Reader& reader = readers_[worker];
  const Position head = head_.load(std::memory_order_relaxed);
  for (; reader.cursor < head && out.size() < entries_max; ++reader.cursor) {
    LogEntry& entry = entry_locked(reader.cursor);
    if ((entry.unreported & bit(worker)) != 0) out.push_back(&entry);
  }
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
      finish_locked(entry->ticket,
                    {entry->ticket.handle, PublishFate::accepted, entry->position, entry->recipients},
                    to_wake);
      release_volatile_locked(*entry);
    }
    if (!retains_) evict_locked(clock_.steady());
  }
  wake_all(to_wake);
}

void EventLog::take_outcomes(unsigned worker, std::vector<PublishOutcome>& out) {
  Reader& reader = readers_[worker];
  if (!reader.has_outcomes.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex_);
  out.swap(reader.outcomes);
  reader.has_outcomes.store(false, std::memory_order_relaxed);
}

// ---- the audience

Position EventLog::join(unsigned worker, std::string_view namespace_name, std::string_view room) {
  const std::lock_guard lock(mutex_);
  audience_.join(worker, namespace_name, room);
  return head_.load(std::memory_order_relaxed);
}

void EventLog::leave(unsigned worker, std::string_view namespace_name, std::string_view room) {
  const std::lock_guard lock(mutex_);
  audience_.leave(worker, namespace_name, room);
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
  const Position head = head_.load(std::memory_order_relaxed);
  if (slowest >= head) return false;
  const std::uint64_t unread = appended_bytes_ - entries_[slowest - front_].bytes_before;
  return unread + bytes > lag_bytes_max || head - slowest >= lag_events_max;
}

// A volatile event is no history: once delivered only its place remains.
void EventLog::release_volatile_locked(LogEntry& entry) {
  if (!entry.is_volatile || entry.packet == nullptr) return;
  entry.packet.reset();
  entry.attachments.clear();
  held_bytes_ -= entry.bytes;
  entry.bytes = 0;
  ++released_;
}

void EventLog::evict_locked(SteadyTime now) {
  const Position slowest = slowest_cursor_locked();
  while (!entries_.empty()) {
    LogEntry& oldest = entries_.front();
    if (oldest.position >= slowest || oldest.unreported != 0) return;
    const bool expired = now - oldest.appended > options_.retention_window;
    if (retains_ && !expired && held_bytes_ <= options_.retained_bytes_max) return;
    held_bytes_ -= oldest.bytes;
    if (oldest.packet == nullptr) --released_;
    entries_.pop_front();
    ++front_;
  }
}

void EventLog::evict_expired() {
  const std::lock_guard lock(mutex_);
  evict_locked(clock_.steady());
}

EventLog::Levels EventLog::levels() const {
  const std::lock_guard lock(mutex_);
  return {entries_.size() - released_, held_bytes_, audience_.rooms_count()};
}

}  // namespace relay
