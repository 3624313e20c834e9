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

// A publish that takes effect once, however often it is tried.
struct OnceKey {
  std::string text;
  std::string fingerprint;  // of what is published: the key with another one is a conflict
  std::string note;         // kept with it, for whoever tries again
};

// What became of the first try.
struct EarlierPublish {
  std::string offset;
  std::string note;
};

// Encoded, but not yet in the log: nobody else sees it.
struct NewEvent {
  Audience audience = {};
  std::shared_ptr<EncodedPacket> packet = {};
  std::vector<EncodedPacketPtr> attachments = {};  // binary messages that follow the packet
  std::size_t offset_at = 0;    // where in the packet's bytes the offset is to be written; 0: nowhere
  bool is_volatile = false;     // skips clients with a backlog
  bool is_retained = true;      // for replay and history, as far as the log retains anything
  bool is_listed = true;        // in the history of its rooms
  bool wants_receipts = false;  // recipients confirm to the ticket's worker that they have it
  PublishTicket ticket = {};
  SteadyTime received = {};  // when the request was read
  // For a bus that remembers such keys.
  std::shared_ptr<const OnceKey> once = {};
  // Given by the bus; 0: the log gives the next one. One that is not above all in the log becomes the next
  // one.
  Position position = 0;
};

enum class PublishFate : std::uint8_t {
  accepted,
  overloaded,   // a worker lags too far behind; certainly not fanned out
  unavailable,  // the bus refused it; certainly not fanned out
  unknown,      // the bus did not answer in time
  duplicate,    // its once-key was used before; not fanned out again
  conflict,     // its once-key was used for something else; not fanned out
  full,         // no more once-keys can be remembered; certainly not fanned out
};

struct PublishOutcome {
  Handle handle;
  PublishFate fate;
  Epoch epoch = {};                                         // accepted only
  Position position = 0;                                    // accepted only
  std::size_t recipients = 0;                               // accepted only: this node's sockets
  std::shared_ptr<const EarlierPublish> earlier = nullptr;  // duplicate only
};

}  // namespace relay
