#pragma once
// What an application decides and hears about the sockets of a namespace. This is the interface between the
// reusable Socket.IO server and whoever builds on it: the server knows no tokens, no accounts and no publish
// API.
//
// Threading: one handler for each worker, called on its thread only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/close_reason.h"
#include "hub/position.h"
#include "hub/socket_id.h"

namespace relay {

class Member;
struct HttpRequest;

// What the application keeps for a socket; dies with it.
class MemberData {
 public:
  virtual ~MemberData() = default;
  // Whose socket it is, for a publisher who waits for receipts.
  [[nodiscard]] virtual std::string_view owner() const noexcept { return {}; }
};

// What is kept of a connection's Engine.IO handshake for the namespaces that it connects to later.
class HandshakeData {
 public:
  virtual ~HandshakeData() = default;
};

// A socket that does not begin at the head of the log but goes on from an earlier position, if all that came
// to its rooms since then is still there: it is sent that, and then what is new.
struct Resume {
  Position after;
  std::optional<SocketId> as = {};  // the socket that comes back; none: it is another one
};
enum class ResumeOutcome : std::uint8_t {
  not_asked,
  resumed,
  failed,  // an ordinary new socket
};

struct Admitted {
  std::vector<std::string> rooms;
  std::unique_ptr<MemberData> data = {};
  std::optional<Resume> resume = {};
};
// CONNECT_ERROR: the client stays connected to the transport and may try again with other credentials.
struct Refused {
  std::string message;
  std::string data_json = {};  // left out when empty
};
// For what another attempt may cure: the client reconnects by itself.
struct CloseInstead {};
// The client knows of more than this node, which follows a bus, has got from it yet, or seems to: it is asked
// again when the node has all that was on the bus, and Member::is_in_sync() is true then.
struct OnceInSync {};
using ConnectDecision = std::variant<Admitted, Refused, CloseInstead, OnceInSync>;

// An EVENT as it came; views die with the call.
struct MemberEvent {
  std::string_view name_json = {};       // a string or a number, as JSON
  std::string_view arguments_json = {};  // the inside of the array behind the name: `1,{"a":2}`
  unsigned arguments_count = 0;
  std::optional<std::uint64_t> ack_id = {};
  std::vector<std::string> attachments = {};
};

enum class DisconnectReason : std::uint8_t {
  client_left,      // the client's own DISCONNECT
  server_decision,  // Member::disconnect()
  session_ended,    // the Engine.IO session closed; CloseReason says why
};

class NamespaceHandler {
 public:
  virtual ~NamespaceHandler() = default;

  // `auth_json` is the object of the CONNECT packet, empty if there was none. The member has its id, but is
  // in no room yet and must not be sent anything.
  [[nodiscard]] virtual ConnectDecision on_connect(Member& member, std::string_view auth_json,
                                                   const HandshakeData* handshake) = 0;
  // It has joined its rooms, and the answer to its CONNECT is about to be queued. `position` is that of the
  // last event that it has or is not to get. Returns the `pid` with which it may come back, or an empty text.
  [[nodiscard]] virtual std::string private_id(Member& /*member*/, ResumeOutcome /*outcome*/,
                                               Position /*position*/) {
    return {};
  }
  // The answer to its CONNECT is queued; what it resumes with comes behind what is sent now.
  virtual void on_connected(Member& member, ResumeOutcome outcome) = 0;
  // It got no event for so long that it could not resume, did it leave now and come back a whole retention
  // window later. `position` is up to where it has everything.
  virtual void on_quiet(Member& /*member*/, Position /*position*/) {}
  virtual void on_event(Member& member, const MemberEvent& event) = 0;
  // The bus has lost events, and nobody knows whose: the members that are here now get nothing any more, so
  // that they do not take what follows for all there was. They are to be closed, and find a node that has it,
  // perhaps.
  virtual void on_events_lost() {}
  // The bus has begun to count anew, and nobody can tell whether something was lost; the members may stay.
  virtual void on_epoch_ended(const Epoch& /*ended*/) {}
  // The member is in no room any more; it dies after the call. `closed` is set with session_ended.
  virtual void on_disconnected(Member& member, DisconnectReason reason,
                               std::optional<CloseReason> closed) = 0;
};

}  // namespace relay
