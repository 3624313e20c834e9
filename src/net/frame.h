#pragma once
// A packet in wire form, encoded once and shared by everyone who receives it.
//
// Server frames carry no mask (RFC 6455 §5.1), so the same bytes suit every WebSocket client, and a
// long-polling client reads the same memory from past the header:
//
//     [ ws header ][ 42["paid",{"id":7}] ]
//     '-- bytes --------------------------'    WebSocket
//                  '-- payload -----------'    long-polling
//
// Between threads an encoded packet travels as an EncodedPacketPtr, whose count is atomic, hence a cache line
// shared by all cores. So a worker takes one of those and counts its own recipients in a Frame, which is a
// plain integer.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace relay {

// Immutable once it is shared. Threading: any thread may read it.
struct EncodedPacket {
  std::string bytes;
  std::uint8_t header_size = 0;
  bool binary = false;  // the payload is a binary message; polling sends it as base64

  [[nodiscard]] std::string_view payload() const noexcept {
    return std::string_view(bytes).substr(header_size);
  }
};
using EncodedPacketPtr = std::shared_ptr<const EncodedPacket>;

// Text and binary messages as complete WebSocket frames. `payload` is the Engine.IO packet: with its type
// digit for text, the bare bytes for binary.
[[nodiscard]] EncodedPacketPtr encode_packet(std::string_view payload, bool binary = false);
// A text message that is not shared yet, so that its maker may still change it.
[[nodiscard]] std::shared_ptr<EncodedPacket> encode_text_packet(std::string_view payload);

// One worker's counted reference to a packet. A copy is an increment.
//
// Threading: bound to one worker, with all its copies.
class Frame {
 public:
  Frame() noexcept = default;
  explicit Frame(EncodedPacketPtr packet);
  Frame(const Frame& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) ++node_->references;
  }
  Frame(Frame&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Frame& operator=(Frame other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Frame() {
    if (node_ != nullptr && --node_->references == 0) recycle(node_);
  }

  [[nodiscard]] const EncodedPacket& packet() const noexcept { return *node_->packet; }
  [[nodiscard]] std::size_t size() const noexcept { return node_->packet->bytes.size(); }

 private:
  struct Node {
    EncodedPacketPtr packet;
    std::uint32_t references;
    Node* next_free;
  };
  struct FreeNodes;

  static void recycle(Node* node) noexcept;

  Node* node_ = nullptr;
};

}  // namespace relay
