#include "cluster/control_codec.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "cluster/msgpack_tree.h"
#include "cluster/msgpack_writer.h"

namespace relay {
namespace {

constexpr std::string_view mac_purpose = "control";

// bin8 16 <MAC>
constexpr std::string_view mac_head = "\xC4\x10";
constexpr std::size_t mac_size = mac_head.size() + BusMac::bytes_count;
constexpr std::size_t elements_count = 6;

// Beside the body: all of today's elements, and room for those of the next version.
constexpr std::size_t envelope_bytes_max = std::size_t{64} * 1024;
constexpr BusLimits limits = {.message_bytes_max = ControlCodec::body_bytes_max + envelope_bytes_max,
                              .values_max = 1000};

// `content` is the payload up to its last element.
std::array<std::string_view, 3> signed_parts(std::string_view channel, std::string_view content) noexcept {
  return {mac_purpose, channel, content};
}

bool is_kind(std::string_view text) noexcept {
  const auto fits = [](char letter) { return (letter >= 'a' && letter <= 'z') || letter == '_'; };
  return !text.empty() && text.size() <= ControlCodec::kind_bytes_max && std::ranges::all_of(text, fits);
}

std::expected<void, RejectReason> check_fields(std::string_view sender, std::uint64_t number,
                                               std::string_view kind, std::string_view body) {
  if (sender.size() > bus_sender_bytes_max || body.size() > ControlCodec::body_bytes_max) {
    return std::unexpected(RejectReason::too_large);
  }
  if (sender.empty() || !is_valid_utf8(sender) || number == 0 || !is_kind(kind)) {
    return std::unexpected(RejectReason::malformed);
  }
  return {};
}

std::expected<ControlMessage, RejectReason> read(const MsgpackTree& tree) {
  const MsgpackNode& root = tree.root();
  const MsgpackNode* const version = tree.element(root, 0);
  if (version == nullptr || !version->is(MsgpackKind::unsigned_integer)) {
    return std::unexpected(RejectReason::malformed);
  }
  if (!is_readable_version(version->bits)) return std::unexpected(RejectReason::foreign_version);
  if (root.size < elements_count) return std::unexpected(RejectReason::malformed);
  const MsgpackNode* const sender = tree.element(root, 1);
  const MsgpackNode* const number = tree.element(root, 2);
  const MsgpackNode* const kind = tree.element(root, 3);
  const MsgpackNode* const body = tree.element(root, 4);
  // The last one might be larger and only end like a MAC.
  const MsgpackNode* const mac = tree.element(root, root.size - 1);
  if (!sender->is(MsgpackKind::string) || !number->is(MsgpackKind::unsigned_integer) ||
      !kind->is(MsgpackKind::string) || !body->is(MsgpackKind::binary) || !mac->is(MsgpackKind::binary) ||
      mac->bytes.size() != BusMac::bytes_count) {
    return std::unexpected(RejectReason::malformed);
  }
  const auto checked = check_fields(sender->bytes, number->bits, kind->bytes, body->bytes);
  if (!checked) return std::unexpected(checked.error());
  return ControlMessage{std::string(sender->bytes), number->bits, std::string(kind->bytes),
                        std::string(body->bytes), version->bits};
}

}  // namespace

ControlCodec::ControlCodec(std::string key_prefix, const BusMac& mac)
    : channel_of_all_(std::move(key_prefix) + "-relay#"), mac_(mac) {}

std::string ControlCodec::channel_of_node(std::string_view uid) const {
  std::string channel = channel_of_all_;
  channel += uid;
  channel += '#';
  return channel;
}

std::expected<std::string, RejectReason> ControlCodec::encode(std::string_view channel,
                                                              const ControlMessage& message) const {
  const auto checked = check_fields(message.sender, message.number, message.kind, message.body);
  if (!checked) return std::unexpected(checked.error());
  std::string payload;
  append_msgpack_array(payload, elements_count);
  append_msgpack_unsigned(payload, bus_version);
  append_msgpack_string(payload, message.sender);
  append_msgpack_unsigned(payload, message.number);
  append_msgpack_string(payload, message.kind);
  append_msgpack_binary(payload, message.body);
  const BusMac::Mac mac = mac_.sign(signed_parts(channel, payload));
  payload += mac_head;
  payload.append(mac.data(), mac.size());
  return payload;
}

std::expected<ControlMessage, RejectReason> ControlCodec::decode(std::string_view channel,
                                                                 std::string_view payload) const {
  if (payload.size() > limits.message_bytes_max) return std::unexpected(RejectReason::too_large);
  if (payload.size() < mac_size) return std::unexpected(RejectReason::unsigned_);
  const std::string_view content = payload.substr(0, payload.size() - mac_size);
  const std::string_view end = payload.substr(content.size());
  if (!end.starts_with(mac_head)) return std::unexpected(RejectReason::unsigned_);
  if (!mac_.verify(signed_parts(channel, content), end.substr(mac_head.size()))) {
    return std::unexpected(RejectReason::bad_mac);
  }
  const auto tree = MsgpackTree::read(payload, limits);
  if (!tree) return std::unexpected(tree.error());
  return read(*tree);
}

}  // namespace relay
