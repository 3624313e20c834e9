#pragma once
// Broadcasts as @socket.io/redis-adapter (`createAdapter`) publishes them, and @socket.io/redis-emitter.
//
//     channel   socket.io#<namespace>#            or, for exactly one room, socket.io#<namespace>#<room>#
//     payload   MessagePack   [ uid, {type, data, nsp}, {rooms, except, flags}, ours ]
//
// Node reads three elements. The fourth is a map that only relays write and read:
//
//     v   1, the version; see is_readable_version
//     n   the sender's number of the message
//     t   the arguments' text (BusEvent::arguments_json), if it does not survive as MessagePack
//     m   the MAC of the channel and of all bytes before this key
//     p   the position, always written in 9 bytes, the last of the payload
//
// Other keys, of a later version, are passed over; they come before `m`, and so the MAC covers them too.
// `m` and `p` come last, so that one is checked before anything is parsed, and the other can be put in place,
// by whoever gives positions, without knowing the format: see position_bytes.
//
// Threading: immutable, any thread.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/bus_event.h"
#include "cluster/bus_mac.h"
#include "cluster/json_msgpack.h"
#include "cluster/msgpack_tree.h"
#include "cluster/reject_reason.h"

namespace relay {

struct ClassicOptions {
  std::string key_prefix = "socket.io";
  // Signs what is sent, and refuses what is not signed. Null where Node servers share the bus. Must outlive
  // the codec.
  const BusMac* mac = nullptr;
  // Every message has a place for its position, and so a fourth element. Without it, one is written only when
  // it says something.
  bool has_positions = false;
  BusLimits limits = {};
};

struct ClassicMessage {
  std::string channel;
  std::string payload;
  MsgpackFidelity fidelity;  // of what Node servers get; relays get the exact text in any case
};

class ClassicCodec {
 public:
  // With has_positions, the payload's last bytes are the position, big-endian.
  static constexpr std::size_t position_bytes = 8;

  explicit ClassicCodec(ClassicOptions options);

  // Fails with too_large, or malformed if the arguments are no JSON. Names are valid UTF-8. With attachments
  // the text of the arguments is not kept.
  [[nodiscard]] std::expected<ClassicMessage, RejectReason> encode(const BusEvent& event) const;

  // What stands at the end of a signed payload, not checked: not its MAC either. Nullopt if it does not end
  // so.
  struct SignedEnd {
    std::string_view mac;
    std::uint64_t position;
  };
  [[nodiscard]] static std::optional<SignedEnd> signed_end(std::string_view payload) noexcept;

  // The bytes of a message of anybody. Does not look for repetitions: that is ReplayWindow's.
  [[nodiscard]] std::expected<BusEvent, RejectReason> decode(std::string_view channel,
                                                             std::string_view payload) const;

  [[nodiscard]] std::string channel_of(const BusEvent& event) const;

  // The room that a channel of that namespace names, empty for the namespace's own; nullopt for a channel of
  // something else. Whoever has nobody in that room need not decode.
  [[nodiscard]] std::optional<std::string_view> room_of(std::string_view channel,
                                                        std::string_view namespace_name) const;

 private:
  void append_own_element(std::string& payload, const BusEvent& event, std::string_view channel,
                          bool with_text) const;
  [[nodiscard]] std::expected<void, RejectReason> check_mac(std::string_view channel,
                                                            std::string_view payload) const;
  [[nodiscard]] RejectReason why_unsigned(std::string_view payload) const;
  [[nodiscard]] std::expected<BusEvent, RejectReason> read(const MsgpackTree& tree) const;

  const ClassicOptions options_;
};

}  // namespace relay
