#include "hub/room_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "hub/socket_id.h"

namespace relay {
namespace {

constexpr std::string_view main_namespace = "/";

WorkerSet bit(unsigned worker) {
  return WorkerSet{1} << worker;
}

}  // namespace

RoomTable::RoomTable(unsigned workers_count) : workers_count_(workers_count) {
  RELAY_CHECK(workers_count >= 1 && workers_count <= workers_max);
}

std::string RoomTable::key_of(std::string_view namespace_name, std::string_view room) {
  std::string key;
  if (namespace_name != main_namespace) {
    // A control character cannot be part of a namespace on the wire, so no two pairs share a key.
    key = namespace_name;
    key += '\n';
  }
  key += room;
  return key;
}

RoomTable::Records::iterator RoomTable::find(std::string_view namespace_name, std::string_view room) {
  return namespace_name == main_namespace ? records_.find(room) : records_.find(key_of(namespace_name, room));
}

RoomTable::Records::const_iterator RoomTable::find(std::string_view namespace_name,
                                                   std::string_view room) const {
  return namespace_name == main_namespace ? records_.find(room) : records_.find(key_of(namespace_name, room));
}

void RoomTable::erase_if_unused(const Records::value_type& record) {
  if (record.second.workers == 0 && record.second.history == nullptr) {
    records_.erase(records_.find(record.first));
  }
}

// ---- the audience

void RoomTable::join(unsigned worker, std::string_view namespace_name, std::string_view room) {
  auto found = find(namespace_name, room);
  if (found == records_.end()) found = records_.try_emplace(key_of(namespace_name, room)).first;
  if (found->second.workers == 0) ++occupied_count_;
  found->second.workers |= bit(worker);
}

void RoomTable::leave(unsigned worker, std::string_view namespace_name, std::string_view room) {
  const auto found = find(namespace_name, room);
  if (found == records_.end() || found->second.workers == 0) return;
  found->second.workers &= ~bit(worker);
  if (found->second.workers != 0) return;
  --occupied_count_;
  erase_if_unused(*found);
}

// Where a socket lives by its id: it joins the room of that name only if it was recovered elsewhere. An empty
// name is everyone's.
WorkerSet RoomTable::home_of(std::string_view room) const {
  if (room.empty()) return ~WorkerSet{0} >> (workers_max - workers_count_);
  const auto slot = SocketId::slot_of(room);
  return slot ? bit(*slot % workers_count_) : 0;
}

WorkerSet RoomTable::workers_of_room(std::string_view namespace_name, std::string_view room) const {
  const auto found = find(namespace_name, room);
  const WorkerSet joined = found == records_.end() ? 0 : found->second.workers;
  return joined | home_of(room);
}

WorkerSet RoomTable::workers_of(const Audience& audience) const {
  if (audience.rooms.empty()) return home_of({});
  WorkerSet workers = 0;
  for (const std::string& room : audience.rooms) workers |= workers_of_room(audience.namespace_name, room);
  return workers;
}

// ---- what is retained

std::size_t RoomTable::bytes_of(const Records::value_type& record) noexcept {
  constexpr std::size_t pointers_of_a_node = 2 * sizeof(void*);
  return sizeof record + record.first.size() + pointers_of_a_node + sizeof(RoomHistory);
}

RoomTable::Target RoomTable::target(std::string_view namespace_name, std::string_view room) {
  auto found = find(namespace_name, room);
  if (found == records_.end()) found = records_.try_emplace(key_of(namespace_name, room)).first;
  std::unique_ptr<RoomHistory>& history = found->second.history;
  if (history == nullptr) {
    history = std::make_unique<RoomHistory>();
    history_bytes_ += bytes_of(*found);
  }
  return {found->second.workers | home_of(room), *history};
}

const RoomHistory* RoomTable::find_history(std::string_view namespace_name, std::string_view room) const {
  const auto found = find(namespace_name, room);
  return found == records_.end() ? nullptr : found->second.history.get();
}

bool RoomTable::evict(std::string_view namespace_name, std::string_view room, Position position,
                      std::size_t bytes) {
  const auto found = find(namespace_name, room);
  if (found == records_.end()) return false;
  Record& record = found->second;
  if (record.history == nullptr || record.history->empty() || record.history->front() != position)
    return false;
  record.history->pop_front(bytes);
  if (record.history->empty() && !std::exchange(record.floor_waits, true)) floors_.push_back(&*found);
  return true;
}

Position RoomTable::floor(std::string_view namespace_name, std::string_view room) const {
  const RoomHistory* const history = find_history(namespace_name, room);
  return std::max(history == nullptr ? 0 : history->floor(), forgotten_floor_);
}

void RoomTable::drop_history(Records::value_type& record) {
  history_bytes_ -= bytes_of(record);
  record.second.history.reset();
  erase_if_unused(record);
}

void RoomTable::expire_floors(Position position) {
  while (!floors_.empty()) {
    Records::value_type& oldest = *floors_.front();
    const RoomHistory& history = *oldest.second.history;
    if (history.empty() && history.floor() >= position) return;
    floors_.pop_front();
    oldest.second.floor_waits = false;
    if (history.empty()) drop_history(oldest);
  }
}

bool RoomTable::forget_floor() {
  while (!floors_.empty()) {
    Records::value_type& oldest = *floors_.front();
    floors_.pop_front();
    oldest.second.floor_waits = false;
    if (!oldest.second.history->empty()) continue;
    forgotten_floor_ = std::max(forgotten_floor_, oldest.second.history->floor());
    drop_history(oldest);
    return true;
  }
  return false;
}

}  // namespace relay
