#include "cluster/classic_codec.h"

#include <array>
#include <utility>

#include "base/utf8.h"
#include "cluster/broadcast_packet.h"
#include "cluster/json_check.h"
#include "cluster/msgpack_writer.h"

namespace relay {
namespace {

constexpr std::string_view mac_purpose = "classic";

// What a payload usually has besides the arguments.
constexpr std::size_t usual_frame_bytes = 256;

// The payload's end, if it is signed:   "m" bin8 16 <MAC>  "p" uint64 <position>
constexpr std::string_view mac_head = "\xA1m\xC4\x10";
constexpr std::string_view position_head = "\xA1p\xCF";
constexpr std::size_t position_size = position_head.size() + ClassicCodec::position_bytes;
constexpr std::size_t signed_end_size = mac_head.size() + BusMac::bytes_count + position_size;

// `content` is the payload up to its signed end.
std::array<std::string_view, 3> signed_parts(std::string_view channel, std::string_view content) noexcept {
  return {mac_purpose, channel, content};
}

std::expected<void, RejectReason> read_number(std::uint64_t& out, const MsgpackNode* node) {
  if (node == nullptr || !node->is(MsgpackKind::unsigned_integer)) {
    return std::unexpected(RejectReason::malformed);
  }
  out = node->bits;
  return {};
}

bool has_readable_version(const MsgpackTree& tree, const MsgpackNode& own) {
  const MsgpackNode* const version = tree.find(own, "v");
  return version != nullptr && version->is(MsgpackKind::unsigned_integer) &&
         is_readable_version(version->bits);
}

// The fourth element.
std::expected<void, RejectReason> read_own_element(BusEvent& event, const MsgpackTree& tree,
                                                   const MsgpackNode& own) {
  if (!own.is(MsgpackKind::map)) return std::unexpected(RejectReason::malformed);
  if (!has_readable_version(tree, own)) return std::unexpected(RejectReason::foreign_version);
  if (const auto read = read_number(event.number, tree.find(own, "n")); !read) return read;
  if (const auto read = read_number(event.position, tree.find(own, "p")); !read) return read;
  const MsgpackNode* const text = tree.find(own, "t");
  if (text == nullptr) return {};
  if (!text->is(MsgpackKind::string) || !event.attachments.empty()) {
    return std::unexpected(RejectReason::malformed);
  }
  if (const auto checked = check_arguments(text->bytes); !checked) return checked;
  event.arguments_json = text->bytes;
  return {};
}

}  // namespace

ClassicCodec::ClassicCodec(ClassicOptions options) : options_(std::move(options)) {}

std::expected<ClassicMessage, RejectReason> ClassicCodec::encode(const BusEvent& event) const {
  if (!is_within(event, options_.limits)) return std::unexpected(RejectReason::too_large);
  ClassicMessage message{channel_of(event), {}, {}};
  std::string& payload = message.payload;
  payload.reserve(event.arguments_json.size() + usual_frame_bytes);
  // The array's size is not known yet.
  payload += '\0';
  append_msgpack_string(payload, event.sender);
  const auto packet = append_packet(payload, event, PacketNamespace::written, options_.limits);
  if (!packet) return std::unexpected(packet.error());
  append_packet_options(payload, event);

  const bool with_text = !packet->text_survives && event.attachments.empty();
  const bool with_own_element =
      with_text || options_.mac != nullptr || options_.has_positions || event.number != 0;
  payload[0] = static_cast<char>(with_own_element ? 0x94 : 0x93);
  if (with_own_element) append_own_element(payload, event, message.channel, with_text);
  if (payload.size() > options_.limits.message_bytes_max) return std::unexpected(RejectReason::too_large);
  message.fidelity = packet->fidelity;
  return message;
}

void ClassicCodec::append_own_element(std::string& payload, const BusEvent& event, std::string_view channel,
                                      bool with_text) const {
  const bool with_mac = options_.mac != nullptr;
  append_msgpack_map(payload, std::size_t{3} + (with_text ? 1 : 0) + (with_mac ? 1 : 0));
  append_msgpack_string(payload, "v");
  append_msgpack_unsigned(payload, bus_version);
  append_msgpack_string(payload, "n");
  append_msgpack_unsigned(payload, event.number);
  if (with_text) {
    append_msgpack_string(payload, "t");
    append_msgpack_string(payload, event.arguments_json);
  }
  if (with_mac) {
    const BusMac::Mac mac = options_.mac->sign(signed_parts(channel, payload));
    payload += mac_head;
    payload.append(mac.data(), mac.size());
  }
  append_msgpack_string(payload, "p");
  append_msgpack_uint64(payload, event.position);
}

std::expected<BusEvent, RejectReason> ClassicCodec::decode(std::string_view channel,
                                                           std::string_view payload) const {
  if (payload.size() > options_.limits.message_bytes_max) return std::unexpected(RejectReason::too_large);
  if (options_.mac != nullptr) {
    if (const auto checked = check_mac(channel, payload); !checked) return std::unexpected(checked.error());
  }
  const auto tree = MsgpackTree::read(payload, options_.limits);
  if (!tree) return std::unexpected(tree.error());
  auto event = read(*tree);
  if (event && !room_of(channel, event->namespace_name)) return std::unexpected(RejectReason::malformed);
  return event;
}

std::optional<ClassicCodec::SignedEnd> ClassicCodec::signed_end(std::string_view payload) noexcept {
  if (payload.size() < signed_end_size) return std::nullopt;
  const std::string_view end = payload.substr(payload.size() - signed_end_size);
  const std::string_view position_part = end.substr(signed_end_size - position_size);
  if (!end.starts_with(mac_head) || !position_part.starts_with(position_head)) return std::nullopt;
  std::uint64_t position = 0;
  for (const char byte : position_part.substr(position_head.size())) {
    position = position << 8U | static_cast<unsigned char>(byte);
  }
  return SignedEnd{end.substr(mac_head.size(), BusMac::bytes_count), position};
}

std::expected<void, RejectReason> ClassicCodec::check_mac(std::string_view channel,
                                                          std::string_view payload) const {
  const auto end = signed_end(payload);
  if (!end) return std::unexpected(why_unsigned(payload));
  const std::string_view content = payload.substr(0, payload.size() - signed_end_size);
  if (!options_.mac->verify(signed_parts(channel, content), end->mac)) {
    return std::unexpected(RejectReason::bad_mac);
  }
  return {};
}

// Of a payload that does not end as ours do.
RejectReason ClassicCodec::why_unsigned(std::string_view payload) const {
  const auto tree = MsgpackTree::read(payload, options_.limits);
  if (!tree) return tree.error();
  const MsgpackNode* const own = tree->element(tree->root(), 3);
  if (own == nullptr || !own->is(MsgpackKind::map)) return RejectReason::unsigned_;
  if (!has_readable_version(*tree, *own)) return RejectReason::foreign_version;
  return tree->find(*own, "m") == nullptr ? RejectReason::unsigned_ : RejectReason::malformed;
}

std::expected<BusEvent, RejectReason> ClassicCodec::read(const MsgpackTree& tree) const {
  BusEvent event;
  const MsgpackNode* const sender = tree.element(tree.root(), 0);
  if (sender == nullptr || !sender->is(MsgpackKind::string) || !is_valid_utf8(sender->bytes)) {
    return std::unexpected(RejectReason::malformed);
  }
  if (sender->bytes.size() > bus_sender_bytes_max) return std::unexpected(RejectReason::too_large);
  event.sender = sender->bytes;
  const auto packet = read_packet(event, tree, tree.element(tree.root(), 1), options_.limits);
  if (!packet) return std::unexpected(packet.error());
  const auto options = read_packet_options(event, tree, tree.element(tree.root(), 2), options_.limits);
  if (!options) return std::unexpected(options.error());
  if (const MsgpackNode* const own = tree.element(tree.root(), 3)) {
    const auto read = read_own_element(event, tree, *own);
    if (!read) return std::unexpected(read.error());
  }
  return event;
}

std::string ClassicCodec::channel_of(const BusEvent& event) const {
  std::string channel = options_.key_prefix;
  channel += '#';
  channel += event.namespace_name;
  channel += '#';
  if (event.rooms.size() == 1) {
    channel += event.rooms.front();
    channel += '#';
  }
  return channel;
}

std::optional<std::string_view> ClassicCodec::room_of(std::string_view channel,
                                                      std::string_view namespace_name) const {
  const auto take = [&channel](std::string_view expected) {
    if (!channel.starts_with(expected)) return false;
    channel.remove_prefix(expected.size());
    return true;
  };
  if (!take(options_.key_prefix) || !take("#") || !take(namespace_name) || !take("#")) return std::nullopt;
  if (channel.empty()) return channel;
  if (!channel.ends_with('#')) return std::nullopt;
  return channel.substr(0, channel.size() - 1);
}

}  // namespace relay
