#pragma once
// One client in one namespace: what Socket.IO calls a socket, and what a room holds.
//
// Threading: bound to one worker.
// Ownership: owned by its Client. The application gets references in callbacks; what it keeps for longer is
// the handle().

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/slot_map.h"
#include "hub/namespace_handler.h"
#include "hub/position.h"
#include "hub/room.h"
#include "hub/socket_id.h"
#include "net/frame.h"
#include "net/ip_address.h"

namespace relay {

class Client;
class EngineSession;
class Namespace;

class Member {
 public:
  Member(Client& client, Namespace& home, const SocketId& id);
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // The public socket id.
  [[nodiscard]] std::string_view id() const noexcept { return id_.text(); }
  // Finds this member as long as it is connected; see LocalHub::find().
  [[nodiscard]] Handle handle() const noexcept { return handle_; }
  [[nodiscard]] const IpAddress& client_address() const noexcept;
  [[nodiscard]] std::string_view transport_name() const noexcept;
  [[nodiscard]] const std::string& namespace_name() const noexcept;
  // What on_connect() returned.
  [[nodiscard]] MemberData* data() const noexcept { return data_.get(); }

  // Sends an event to this client alone. `name` is plain text; `arguments_json` the inside of the array
  // behind it.
  void emit(std::string_view name, std::string_view arguments_json,
            std::span<const std::string> attachments = {});
  // Answers an event that asked for it.
  void acknowledge(std::uint64_t ack_id, std::string_view arguments_json,
                   std::span<const std::string> attachments = {});

  // DISCONNECT: the client stays away until it decides otherwise. The connection serves its other namespaces
  // on. The member is gone when the call returns.
  void disconnect();
  // Closes the whole connection; stock clients come back by themselves.
  void close_transport(CloseReason reason);

  // ---- for the hub

  void deliver(const Frame& frame);
  // Whether an event sent now would leave with this turn.
  [[nodiscard]] bool writable() const noexcept;

 private:
  friend class Client;
  friend class Namespace;

  struct Membership {
    Room* room;
    std::size_t slot;
  };

  Client& client_;
  Namespace& namespace_;
  const SocketId id_;
  Handle handle_ = no_handle;
  Position delivered_up_to_ = 0;  // the last event that this member got, or is not to get
  std::vector<Membership> memberships_;
  std::unique_ptr<MemberData> data_;
};

}  // namespace relay
