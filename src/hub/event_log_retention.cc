// What the log keeps, for how long, and how it is read again.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "hub/event_log.h"

namespace relay {
namespace {

// A client that was synced half a window before it left may stay away for a whole one.
constexpr int resumable_half_windows = 3;
// Histories that are empty are kept for their floors, up to this part of the budget.
constexpr std::size_t bookkeeping_share = 4;

// The rooms that an audience is retained under.
template <typename Function>
void for_each_room(const Audience& audience, Function&& function) {
  if (audience.rooms.empty()) function(std::string_view());
  for (const std::string& room : audience.rooms) function(std::string_view(room));
}

template <typename Function>
void for_each_room(const EventLog::Reader& reader, Function&& function) {
  function(std::string_view());
  function(reader.socket_id);
  for (const std::string_view room : reader.rooms) function(room);
}

// The positions of several rooms as one ascending sequence, each once.
class MergedPositions {
 public:
  void add(std::span<const Position> positions) {
    if (!positions.empty()) parts_.push_back(positions);
  }
  // 0 at the end: no event has that position.
  [[nodiscard]] Position next() {
    Position lowest = 0;
    for (const auto& part : parts_) {
      if (lowest == 0 || part.front() < lowest) lowest = part.front();
    }
    for (auto& part : parts_) {
      if (part.front() == lowest) part = part.subspan(1);
    }
    std::erase_if(parts_, [](const auto& part) { return part.empty(); });
    return lowest;
  }

 private:
  std::vector<std::span<const Position>> parts_;
};

RetainedEvent retained(const LogEntry& entry) {
  return {.position = entry.position,
          .packet = entry.packet,
          .attachments = entry.attachments,
          .receipt_to = entry.wants_receipts ? entry.ticket : PublishTicket{}};
}

}  // namespace

// ---- keeping

WorkerSet EventLog::retain_locked(LogEntry& entry) {
  WorkerSet workers = 0;
  const std::size_t room_bytes_max = options_.retained_bytes_max / room_share;
  ++retained_;
  ++entry.holders;  // our own, so that it is not released under our hands
  for_each_room(entry.audience, [&](std::string_view room) {
    const auto [concerned, history] = rooms_.target(entry.audience.namespace_name, room);
    workers |= concerned;
    if (!history.push(entry.position, entry.bytes)) return;
    ++entry.holders;
    while (history.bytes() > room_bytes_max) {
      evict_from_room_locked(entry_locked(history.front()), entry.audience.namespace_name, room);
    }
  });
  if (--entry.holders == 0) --retained_;
  return workers;
}

void EventLog::evict_from_room_locked(LogEntry& entry, std::string_view namespace_name,
                                      std::string_view room) {
  if (!rooms_.evict(namespace_name, room, entry.position, entry.bytes)) return;
  if (--entry.holders > 0) return;
  --retained_;
  release_if_done_locked(entry);
}

// What nobody waits for and no room holds: only its place remains, until all before it are gone.
void EventLog::release_if_done_locked(LogEntry& entry) {
  if (entry.unreported != 0 || entry.holders > 0 || entry.packet == nullptr) return;
  entry.packet.reset();
  entry.attachments.clear();
  entry.audience = {};
  held_bytes_ -= entry.bytes - sizeof entry;
  entry.bytes = sizeof entry;
}

bool EventLog::evict_locked(SteadyTime now, std::size_t expired_max) {
  const std::size_t bytes_max = options_.retained_bytes_max;
  const Position slowest = slowest_cursor_locked();
  while (!entries_.empty()) {
    LogEntry& oldest = entries_.front();
    if (oldest.position >= slowest || oldest.unreported != 0) return false;
    if (oldest.holders > 0) {
      const bool over_budget = held_bytes_locked() > bytes_max;
      if (!over_budget && now - oldest.appended <= options_.retention_window) break;
      if (!over_budget && expired_max-- == 0) return true;
      const Audience audience = std::move(oldest.audience);
      for_each_room(audience, [&](std::string_view room) {
        evict_from_room_locked(oldest, audience.namespace_name, room);
      });
    }
    held_bytes_ -= oldest.bytes;
    entries_.pop_front();
  }
  while (rooms_.history_bytes() > bytes_max / bookkeeping_share && rooms_.forget_floor()) {
  }
  return false;
}

std::chrono::milliseconds EventLog::tick_interval() const noexcept {
  using std::chrono::milliseconds;
  return std::clamp(options_.retention_window / 16, milliseconds(50), milliseconds(1'000));
}

void EventLog::tick() {
  mark_time();
  for (bool more = true; more;) {
    const std::lock_guard lock(mutex_);
    more = evict_locked(clock_.steady(), evicted_per_lock_max);
  }
}

void EventLog::mark_time() {
  if (!retains_) return;
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.steady();
  const Position head = head_.load(std::memory_order_relaxed);
  if (head == std::exchange(ticked_head_, head) && !options_.follows_bus) {
    // So that the position before it is not current for ever.
    pass_locked(head);
    ticked_head_ = head + 1;
  }
  marks_.mark(now, ticked_head_);
  const SteadyTime oldest_of_interest = now - options_.retention_window * resumable_half_windows / 2;
  marks_.forget_before(oldest_of_interest);
  rooms_.expire_floors(marks_.head_at(oldest_of_interest));
}

// ---- reading again

Position EventLog::head_before(std::chrono::milliseconds age) const {
  const std::lock_guard lock(mutex_);
  return marks_.head_at(clock_.steady() - age);
}

bool EventLog::is_too_old_locked(Position position) const {
  const SteadyTime oldest = clock_.steady() - options_.retention_window * resumable_half_windows / 2;
  return position + 1 < marks_.head_at(oldest);
}

bool EventLog::reaches_locked(const Reader& reader, Position position) const {
  Position floor = 0;
  for_each_room(reader, [&](std::string_view room) {
    floor = std::max(floor, rooms_.floor(reader.namespace_name, room));
  });
  return position >= floor;
}

bool EventLog::reaches(const Reader& reader, Position position) const {
  const std::lock_guard lock(mutex_);
  return retains_ && position < head_.load(std::memory_order_relaxed) && !is_too_old_locked(position) &&
         reaches_locked(reader, position);
}

EventLog::Replayed EventLog::replay(const Reader& reader, Position after, Position end,
                                    const PageLimits& limits, std::vector<RetainedEvent>& out) const {
  const std::lock_guard lock(mutex_);
  if (!reaches_locked(reader, after)) return {ReplayEnd::overtaken, after};
  MergedPositions positions;
  for_each_room(reader, [&](std::string_view room) {
    if (const RoomHistory* const history = rooms_.find_history(reader.namespace_name, room)) {
      positions.add(history->above(after));
    }
  });
  std::size_t looked_at = 0;
  std::size_t bytes = 0;
  for (Position position = positions.next(); position != 0 && position < end; position = positions.next()) {
    if (looked_at++ == limits.events || bytes >= limits.bytes) return {ReplayEnd::more, after};
    after = position;
    const LogEntry& entry = entry_locked(position);
    if (std::ranges::find(entry.audience.except, reader.socket_id) != entry.audience.except.end()) continue;
    out.push_back(retained(entry));
    bytes += entry.packet->bytes.size();
  }
  return {ReplayEnd::complete, std::max(after, end - 1)};
}

EventLog::HistoryPage EventLog::history(std::string_view namespace_name, std::string_view room,
                                        std::optional<Position> after, const PageLimits& limits) const {
  HistoryPage page{.events = {}, .complete = true};
  const std::lock_guard lock(mutex_);
  Position above = after.value_or(0);
  if (above >= head_.load(std::memory_order_relaxed)) {
    page.complete = false;
    above = 0;
  } else if (after) {
    page.complete = retains_ && !is_too_old_locked(above) && above >= rooms_.floor(namespace_name, room);
  }
  const RoomHistory* const history = rooms_.find_history(namespace_name, room);
  if (history == nullptr) return page;
  std::size_t bytes = 0;
  for (const Position position : history->above(above)) {
    const LogEntry& entry = entry_locked(position);
    if (!entry.is_listed) continue;
    if (page.events.size() == limits.events || bytes >= limits.bytes) break;
    page.events.push_back(retained(entry));
    bytes += entry.packet->bytes.size();
  }
  return page;
}

EventLog::Levels EventLog::levels() const {
  const std::lock_guard lock(mutex_);
  return {retained_, held_bytes_locked(), rooms_.occupied_count()};
}

}  // namespace relay
