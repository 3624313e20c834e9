#include "net/frame.h"

#include <cstring>

#include "protocol/websocket_frame.h"

namespace relay {

// Nodes that are not in use stay with the thread: a delivery allocates nothing once the first ones have
// passed.
struct Frame::FreeNodes {
  static constexpr std::size_t nodes_max = 4096;

  FreeNodes() = default;
  ~FreeNodes() {
    while (first != nullptr) delete std::exchange(first, first->next_free);
  }
  FreeNodes(const FreeNodes&) = delete;
  FreeNodes& operator=(const FreeNodes&) = delete;

  static FreeNodes& of_this_thread() {
    thread_local FreeNodes nodes;
    return nodes;
  }

  Node* first = nullptr;
  std::size_t count = 0;
};

namespace {

std::shared_ptr<EncodedPacket> encode(std::string_view payload, websocket::Opcode opcode) {
  auto packet = std::make_shared<EncodedPacket>();
  char header[websocket::header_bytes_max];
  const std::size_t header_size = websocket::write_header(header, opcode, payload.size());
  packet->bytes.reserve(header_size + payload.size());
  packet->bytes.append(header, header_size);
  packet->bytes.append(payload);
  packet->header_size = static_cast<std::uint8_t>(header_size);
  packet->binary = opcode == websocket::Opcode::binary;
  return packet;
}

}  // namespace

EncodedPacketPtr encode_packet(std::string_view payload, bool binary) {
  return encode(payload, binary ? websocket::Opcode::binary : websocket::Opcode::text);
}

std::shared_ptr<EncodedPacket> encode_text_packet(std::string_view payload) {
  return encode(payload, websocket::Opcode::text);
}

Frame::Frame(EncodedPacketPtr packet) {
  FreeNodes& free_nodes = FreeNodes::of_this_thread();
  if (free_nodes.first == nullptr) {
    node_ = new Node{std::move(packet), 1, nullptr};
    return;
  }
  node_ = free_nodes.first;
  free_nodes.first = node_->next_free;
  --free_nodes.count;
  node_->packet = std::move(packet);
  node_->references = 1;
}

void Frame::recycle(Node* node) noexcept {
  node->packet.reset();
  FreeNodes& free_nodes = FreeNodes::of_this_thread();
  if (free_nodes.count == FreeNodes::nodes_max) {
    delete node;
    return;
  }
  node->next_free = free_nodes.first;
  free_nodes.first = node;
  ++free_nodes.count;
}

}  // namespace relay
