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
#include "hub/event_log.h"
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
  // Good until it joins or leaves one.
  [[nodiscard]] std::vector<std::string_view> rooms() const;
  // The last event with an offset that it was sent, or where it began.
  [[nodiscard]] Position known() const noexcept { return known_; }
  // Whether the log has been brought up to the bus for its CONNECT: see OnceInSync.
  [[nodiscard]] bool is_in_sync() const noexcept;
  // Unsent bytes of its connection.
  [[nodiscard]] std::size_t backlog_bytes() const noexcept;

  // Sends an event to this client alone. `name` is plain text; `arguments_json` the inside of the array
  // behind it.
  void emit(std::string_view name, std::string_view arguments_json,
            std::span<const std::string> attachments = {});
  // Answers an event that asked for it.
  void acknowledge(std::uint64_t ack_id, std::string_view arguments_json,
                   std::span<const std::string> attachments = {});

  // Leaves the rooms that are not among these and joins those that are new to it.
  void set_rooms(std::span<const std::string> rooms);

  // DISCONNECT: the client stays away until it decides otherwise. The connection serves its other namespaces
  // on. The member is gone when the call returns.
  void disconnect();
  // Closes the whole connection; stock clients come back by themselves.
  void close_transport(CloseReason reason);

  // ---- for the hub

  void deliver(const Frame& frame);
  // Whether an event sent now would leave with this turn.
  [[nodiscard]] bool writable() const noexcept;
  // Asks for a confirmation of all that was sent so far, for the publish of this ticket.
  void request_receipt(const PublishTicket& ticket);
  // It is still being sent what it missed, and gets nothing live yet.
  [[nodiscard]] bool is_catching_up() const noexcept { return replayed_to_ != live; }
  // It is sent nothing of the log any more.
  void cut_off() noexcept { is_cut_off_ = true; }

 private:
  friend class Client;
  friend class LocalHub;
  friend class Namespace;

  struct Membership {
    Room* room;
    std::size_t slot;
  };
  // What the session's receipt of that number confirms.
  struct PendingReceipt {
    std::uint32_t receipt;
    PublishTicket ticket;
  };
  static constexpr Position live = UINT64_MAX;
  // A client that answers no ping may be asked so often; what is beyond is not asked, and stays missing.
  static constexpr std::size_t pending_receipts_max = 4096;

  void confirm(std::uint32_t receipt);
  // Whom the log replays to; `rooms` are its own.
  [[nodiscard]] EventLog::Reader reader(std::span<const std::string_view> rooms, std::string_view id) const;

  Client& client_;
  Namespace& namespace_;
  SocketId id_;
  Handle handle_ = no_handle;
  std::uint64_t claim_ = 0;  // by which it got its id, if another connection had it before
  Position considered_ = 0;  // the last event that it was looked at for: it got it, or is not to get it
  Position known_ = 0;       // from where the client can resume, as far as it has been told
  bool is_cut_off_ = false;
  Position replayed_to_ = live;  // while it is catching up: up to where that has come
  std::vector<Membership> memberships_;
  std::unique_ptr<std::vector<PendingReceipt>> pending_receipts_;  // null: none
  std::unique_ptr<MemberData> data_;
};

}  // namespace relay
