#pragma once
// A namespace on one worker: its members, their rooms, and delivery to them.
//
// Threading: bound to one worker.
// Ownership: owned by its LocalHub; borrows members, which their Clients own.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_set.h"
#include "hub/event_log.h"
#include "hub/member.h"
#include "hub/namespace_handler.h"
#include "hub/room.h"

namespace relay {

class LocalHub;

class Namespace {
 public:
  // Both must outlive the namespace.
  Namespace(std::string name, NamespaceHandler& handler, LocalHub& hub)
      : name_(std::move(name)), handler_(handler), hub_(hub) {}
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] NamespaceHandler& handler() noexcept { return handler_; }
  [[nodiscard]] LocalHub& hub() noexcept { return hub_; }

  void add(Member& member);
  void remove(Member& member);

  // Adds the member to rooms, after everything that was appended before, and at any rate below `begin`, has
  // been delivered here, so that it gets exactly what comes from now on.
  void join(Member& member, std::span<const std::string> rooms, Position begin = 0);
  void leave_others(Member& member, std::span<const std::string> rooms);
  // Undoes EventLog::settle_claim().
  void leave_own_id(std::string_view socket_id);

  [[nodiscard]] Member* find(std::string_view socket_id) const;
  // Null when nobody here is in it.
  [[nodiscard]] const Room* find_room(std::string_view name) const;

  // Queues an event for everyone here whom it is for. Returns how many they were.
  std::size_t deliver(const LogEntry& entry);

 private:
  struct Delivery;

  void leave(Member& member, std::size_t membership);
  [[nodiscard]] bool is_own_worker(std::string_view socket_id) const;
  static void deliver_to(Member& member, Delivery& delivery);

  const std::string name_;
  NamespaceHandler& handler_;
  LocalHub& hub_;
  KeyedSet<Member*, &Member::id> members_;
  KeyedSet<std::unique_ptr<Room>, &Room::name> rooms_;
};

}  // namespace relay
