#include "hub/audience_table.h"

#include "base/check.h"
#include "hub/socket_id.h"

namespace relay {
namespace {

constexpr std::string_view main_namespace = "/";

WorkerSet bit(unsigned worker) {
  return WorkerSet{1} << worker;
}

}  // namespace

AudienceTable::AudienceTable(unsigned workers_count) : workers_count_(workers_count) {
  RELAY_CHECK(workers_count >= 1 && workers_count <= workers_max);
}

std::string AudienceTable::key_of(std::string_view namespace_name, std::string_view room) {
  std::string key;
  if (namespace_name != main_namespace) {
    // A control character cannot be part of a namespace on the wire, so no two pairs share a key.
    key = namespace_name;
    key += '\n';
  }
  key += room;
  return key;
}

void AudienceTable::join(unsigned worker, std::string_view namespace_name, std::string_view room) {
  rooms_[key_of(namespace_name, room)] |= bit(worker);
}

void AudienceTable::leave(unsigned worker, std::string_view namespace_name, std::string_view room) {
  const auto found = rooms_.find(key_of(namespace_name, room));
  if (found == rooms_.end()) return;
  found->second &= ~bit(worker);
  if (found->second == 0) rooms_.erase(found);
}

WorkerSet AudienceTable::workers_of_room(std::string_view namespace_name, std::string_view room) const {
  if (const auto slot = SocketId::slot_of(room)) return bit(*slot % workers_count_);
  const auto found =
      namespace_name == main_namespace ? rooms_.find(room) : rooms_.find(key_of(namespace_name, room));
  return found == rooms_.end() ? 0 : found->second;
}

WorkerSet AudienceTable::workers_of(const Audience& audience) const {
  if (audience.rooms.empty()) return ~WorkerSet{0} >> (workers_max - workers_count_);
  WorkerSet workers = 0;
  for (const std::string& room : audience.rooms) workers |= workers_of_room(audience.namespace_name, room);
  return workers;
}

}  // namespace relay
