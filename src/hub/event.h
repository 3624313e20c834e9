#pragma once
// An event on its way: whom it is for, its encoded form, and who waits to hear what became of it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/slot_map.h"
#include "hub/position.h"
#include "net/frame.h"

namespace relay {

// Whom an event is for: the union of the rooms, each socket once, without the excepted ones.
struct Audience {
  std::string namespace_name = "/";
  std::vector<std::string> rooms = {};   // empty: everyone in the namespace
  std::vector<std::string> except = {};  // socket ids
};

// Who is told the outcome of a publish, on which worker. Without a handle: nobody.
struct PublishTicket {
  unsigned worker = 0;
  Handle handle = no_handle;
};

// Encoded, but not yet in the log: nobody else sees it.
struct NewEvent {
  Audience audience;
  std::shared_ptr<EncodedPacket> packet;
  std::vector<EncodedPacketPtr> attachments = {};  // binary messages that follow the packet
  std::size_t offset_at = 0;    // where in the packet's bytes the offset is to be written; 0: nowhere
  bool is_volatile = false;     // skips clients with a backlog
  bool is_retained = true;      // for replay and history, as far as the log retains anything
  bool is_listed = true;        // in the history of its rooms
  bool wants_receipts = false;  // recipients confirm to the ticket's worker that they have it
  PublishTicket ticket = {};
  SteadyTime received = {};  // when the request was read
};

enum class PublishFate : std::uint8_t {
  accepted,
  overloaded,   // a worker lags too far behind; certainly not fanned out
  unavailable,  // the bus refused it; certainly not fanned out
  unknown,      // the bus did not answer in time
};

struct PublishOutcome {
  Handle handle;
  PublishFate fate;
  Position position;       // accepted only
  std::size_t recipients;  // accepted only: this node's sockets
};

}  // namespace relay
