#pragma once
// The `pid`, with which a client may come back as the socket that it was. It is all that the relay needs for
// that: nothing is kept for a socket that has left.
//
//     [ 19: socket id without its ~ ][ 18: offset at its connect ][ 22: HMAC-SHA-256, 128 bits ]
//
// The signature covers the account too, so that the pid is of no use with another account's token. Its keys
// are derived from the token secrets, and rotate with them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/hmac.h"
#include "hub/position.h"
#include "hub/socket_id.h"

namespace relay {

struct PrivateId {
  SocketId socket_id;
  std::string epoch;  // of the log that the position belongs to
  Position position;
};

// Threading: immutable.
class PrivateIds {
 public:
  // The current secret first, then those still accepted; at least one.
  explicit PrivateIds(const std::vector<std::string>& secrets);

  [[nodiscard]] std::string make(std::string_view socket_id, std::string_view epoch, Position position,
                                 std::string_view account) const;
  // nullopt for what we did not make for a socket of this account.
  [[nodiscard]] std::optional<PrivateId> verify(std::string_view text, std::string_view account) const;

 private:
  std::vector<HmacKey> keys_;
};

}  // namespace relay
