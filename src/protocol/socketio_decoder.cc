#include "protocol/socketio_decoder.h"

#include <utility>

#include "protocol/socketio_placeholder.h"

namespace relay::socketio {

// A packet whose attachments have not all come.
struct Decoder::Pending {
  Assembled assembled;
  std::size_t bytes;  // of the text and of the attachments so far
};

Decoder::Decoder(std::size_t packet_bytes_max, unsigned depth_max) noexcept
    : packet_bytes_max_(packet_bytes_max), depth_max_(depth_max) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Decoder::Result Decoder::text(std::string_view message) {
  if (pending_) {
    pending_.reset();
    return std::unexpected(ParseError::attachments_pending);
  }
  if (message.size() > packet_bytes_max_) return std::unexpected(ParseError::too_large);
  const auto packet = parse_packet(message, depth_max_);
  if (!packet) return std::unexpected(packet.error());
  if (packet->attachments == 0) return Assembled{.packet = *packet, .attachments = {}};

  // The views must outlive `message`: they are made again, from a copy.
  auto kept = std::make_unique<const std::string>(message);
  const Packet kept_packet = *parse_packet(*kept, depth_max_);
  pending_ = std::make_unique<Pending>(
      Pending{{.packet = kept_packet, .attachments = {}, .text = std::move(kept)}, message.size()});
  return std::nullopt;
}

Decoder::Result Decoder::binary(std::string_view message) {
  if (!pending_) return std::unexpected(ParseError::unexpected_binary);
  if (message.size() > packet_bytes_max_ || pending_->bytes > packet_bytes_max_ - message.size()) {
    pending_.reset();
    return std::unexpected(ParseError::too_large);
  }
  pending_->bytes += message.size();
  Assembled& assembled = pending_->assembled;
  assembled.attachments.emplace_back(message);
  if (assembled.attachments.size() < assembled.packet.attachments) return std::nullopt;

  const std::unique_ptr<Pending> complete = std::move(pending_);
  const Packet& packet = complete->assembled.packet;
  if (!has_only_valid_placeholders(packet.json, packet.attachments)) {
    return std::unexpected(ParseError::illegal_placeholder);
  }
  return std::move(complete->assembled);
}

std::size_t Decoder::buffered_bytes() const noexcept {
  if (!pending_) return 0;
  return sizeof(Pending) + pending_->bytes + pending_->assembled.attachments.capacity() * sizeof(std::string);
}

}  // namespace relay::socketio
