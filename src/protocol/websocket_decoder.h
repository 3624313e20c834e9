#pragma once
// Frames from a client to messages (RFC 6455 §5), from bytes that come in pieces of any size.
//
// A message that lies in one piece is unmasked where it is and yielded without a copy. Only what is
// unfinished at the end of a piece is kept, behind one pointer: an idle decoder owns no heap. The memory kept
// follows what arrived, never a declared length, and fragments are joined as they come, so that their number
// costs nothing.
//
// Refused at the first byte that proves it: over-long messages (1009), invalid UTF-8 in a text (1007), and as
// 1002 unmasked frames, RSV bits, unknown opcodes, long or fragmented control frames and wrong continuations.
// Lengths need not be in their shortest form.
//
// Threading: bound to its connection's worker.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/websocket_close.h"

namespace relay::websocket {

struct Message {
  enum class Kind : std::uint8_t { text, binary, ping, pong, close };
  Kind kind;
  std::string_view
      payload;  // into the input or the decoder: valid until the next call of next() or the end of either
};

class Decoder {
 public:
  // The limit is that of a whole message; exactly the limit passes.
  explicit Decoder(std::size_t message_bytes_max) noexcept;
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // Holds from the next frame header on.
  void set_message_bytes_max(std::size_t bytes) noexcept { message_bytes_max_ = bytes; }

  // Takes bytes off the front of `input` and changes them. A message, or nullopt when more bytes are needed:
  // then `input` is empty and the rest is kept here. So call it until it returns nullopt, which also frees
  // what an assembled message took. Control frames are yielded when they come, between fragments too; a close
  // frame's payload is for parse_close_payload(). After an error, the code to close with, the decoder must
  // not be used again.
  [[nodiscard]] std::expected<std::optional<Message>, CloseCode> next(std::span<char>& input);

  // Heap that an unfinished message takes, for the accounting of the connection.
  [[nodiscard]] std::size_t buffered_bytes() const noexcept;

 private:
  struct Partial;
  using Result = std::expected<std::optional<Message>, CloseCode>;

  [[nodiscard]] Result next_whole(std::span<char>& input);
  [[nodiscard]] Result next_partial(std::span<char>& input);

  std::size_t message_bytes_max_;
  std::unique_ptr<Partial> partial_;  // null between messages
};

}  // namespace relay::websocket
