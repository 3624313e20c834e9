#pragma once
// Engine.IO messages to whole Socket.IO packets: a text, and after a text that announces attachments the
// binary messages that follow it.
//
// Bounded: the text and its attachments together, and their number. An idle decoder owns no heap.
//
// Threading: bound to its connection's worker.

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/socketio_packet.h"

namespace relay::socketio {

struct Assembled {
  Packet packet;  // views into `text`, or, if that is null, into what was given to Decoder::text()
  std::vector<std::string> attachments;
  std::unique_ptr<const std::string> text = nullptr;
};

class Decoder {
 public:
  using Result = std::expected<std::optional<Assembled>, ParseError>;

  // `packet_bytes_max` bounds text and attachments together; exactly the limit passes.
  Decoder(std::size_t packet_bytes_max, unsigned depth_max) noexcept;
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  void set_packet_bytes_max(std::size_t bytes) noexcept { packet_bytes_max_ = bytes; }

  // A text message, valid UTF-8, or a binary one. The packet that it completes, or nullopt while attachments
  // are due. The views in a packet without attachments live as long as `message`. After an error the
  // connection is to be closed; the decoder has dropped what was pending.
  [[nodiscard]] Result text(std::string_view message);
  [[nodiscard]] Result binary(std::string_view message);

  // Heap that an unfinished packet takes.
  [[nodiscard]] std::size_t buffered_bytes() const noexcept;

 private:
  struct Pending;

  std::size_t packet_bytes_max_;
  unsigned depth_max_;
  std::unique_ptr<Pending> pending_;
};

}  // namespace relay::socketio
