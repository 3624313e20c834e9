#include "cluster/streams_codec.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/utf8.h"
#include "cluster/broadcast_json.h"
#include "cluster/broadcast_packet.h"
#include "cluster/msgpack_tree.h"
#include "cluster/msgpack_writer.h"

namespace relay {
namespace {

constexpr std::string_view mac_purpose = "streams";

// Views of the values; empty without the field.
struct Fields {
  std::string_view uid, nsp, type, data, version, number, mac;
};

Fields sort_out(std::span<const StreamFieldView> fields) {
  Fields sorted;
  for (const auto& [name, value] : fields) {
    if (name == "uid") sorted.uid = value;
    if (name == "nsp") sorted.nsp = value;
    if (name == "type") sorted.type = value;
    if (name == "data") sorted.data = value;
    if (name == "v") sorted.version = value;
    if (name == "n") sorted.number = value;
    if (name == "m") sorted.mac = value;
  }
  return sorted;
}

std::size_t bytes_of_all(std::span<const StreamFieldView> fields) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : fields) bytes += name.size() + value.size();
  return bytes;
}

template <typename Number>
std::optional<Number> read_decimal(std::string_view text) {
  Number number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::array<std::string_view, 8> signed_parts(std::string_view stream, const Fields& fields) noexcept {
  return {mac_purpose, stream,      fields.uid,     fields.nsp,
          fields.type, fields.data, fields.version, fields.number};
}

std::expected<void, RejectReason> check_mac(const BusMac& mac, std::string_view stream,
                                            const Fields& fields) {
  if (fields.mac.empty()) return std::unexpected(RejectReason::unsigned_);
  const std::optional<std::string> received = decode_base64url(fields.mac);
  if (!received) return std::unexpected(RejectReason::malformed);
  if (!mac.verify(signed_parts(stream, fields), *received)) return std::unexpected(RejectReason::bad_mac);
  return {};
}

std::string mac_text(const BusMac::Mac& mac) {
  std::string text;
  append_base64url(text, {mac.data(), mac.size()});
  return text;
}

std::expected<std::string, RejectReason> encode_binary(const BusEvent& event, const BusLimits& limits,
                                                       MsgpackFidelity& fidelity) {
  std::string packed;
  append_msgpack_map(packed, 2);
  append_msgpack_string(packed, "packet");
  const auto packet = append_packet(packed, event, PacketNamespace::left_out, limits);
  if (!packet) return std::unexpected(packet.error());
  fidelity = packet->fidelity;
  append_msgpack_string(packed, "opts");
  append_packet_options(packed, event);
  std::string text;
  append_base64(text, packed);
  return text;
}

std::expected<void, RejectReason> read_binary(BusEvent& event, std::string_view data,
                                              const BusLimits& limits) {
  const std::optional<std::string> bytes = decode_base64(data);
  if (!bytes) return std::unexpected(RejectReason::malformed);
  const auto tree = MsgpackTree::read(*bytes, limits);
  if (!tree) return std::unexpected(tree.error());
  const auto packet = read_packet(event, *tree, tree->find(tree->root(), "packet"), limits);
  if (!packet) return packet;
  return read_packet_options(event, *tree, tree->find(tree->root(), "opts"), limits);
}

}  // namespace

StreamsCodec::StreamsCodec(StreamsOptions options) : options_(std::move(options)) {}

std::expected<StreamEntry, RejectReason> StreamsCodec::encode(const BusEvent& event) const {
  if (!is_within(event, options_.limits)) return std::unexpected(RejectReason::too_large);
  StreamEntry entry;
  auto data = event.attachments.empty() ? write_broadcast_json(event)
                                        : encode_binary(event, options_.limits, entry.fidelity);
  if (!data) return std::unexpected(data.error());

  entry.fields.push_back({"uid", event.sender});
  entry.fields.push_back({"nsp", event.namespace_name});
  entry.fields.push_back({"type", std::to_string(std::to_underlying(StreamMessageType::broadcast))});
  entry.fields.push_back({"data", std::move(*data)});
  if (options_.mac != nullptr || event.number != 0) {
    entry.fields.push_back({"v", std::to_string(bus_version)});
    entry.fields.push_back({"n", std::to_string(event.number)});
  }
  std::vector<StreamFieldView> views;
  views.reserve(entry.fields.size());
  for (const StreamField& field : entry.fields) views.push_back({field.name, field.value});
  if (options_.mac != nullptr) {
    entry.fields.push_back(
        {"m", mac_text(options_.mac->sign(signed_parts(options_.stream, sort_out(views))))});
  }
  constexpr std::size_t mac_field_bytes = 1 + 22;
  if (bytes_of_all(views) + mac_field_bytes > options_.limits.message_bytes_max) {
    return std::unexpected(RejectReason::too_large);
  }
  return entry;
}

std::expected<StreamMessage, RejectReason> StreamsCodec::decode(
    std::span<const StreamFieldView> fields) const {
  if (bytes_of_all(fields) > options_.limits.message_bytes_max) {
    return std::unexpected(RejectReason::too_large);
  }
  const Fields sorted = sort_out(fields);
  if (!sorted.version.empty() && read_decimal<std::uint64_t>(sorted.version) != bus_version) {
    return std::unexpected(RejectReason::foreign_version);
  }
  if (options_.mac != nullptr) {
    const auto checked = check_mac(*options_.mac, options_.stream, sorted);
    if (!checked) return std::unexpected(checked.error());
  }
  const auto type = read_decimal<std::uint8_t>(sorted.type);
  const auto number = sorted.number.empty() ? 0 : read_decimal<std::uint64_t>(sorted.number);
  if (!type || *type == 0 || *type > std::to_underlying(StreamMessageType::adapter_close) || !number ||
      sorted.uid.empty() || sorted.uid.size() > bus_sender_bytes_max || sorted.nsp.empty() ||
      !is_valid_utf8(sorted.uid) || !is_valid_utf8(sorted.nsp)) {
    return std::unexpected(RejectReason::malformed);
  }

  StreamMessage message{static_cast<StreamMessageType>(*type), {}};
  message.event.sender = sorted.uid;
  message.event.number = *number;
  if (message.type == StreamMessageType::broadcast) {
    const auto read = sorted.data.starts_with('{')
                          ? read_broadcast_json(message.event, sorted.data, options_.limits)
                          : read_binary(message.event, sorted.data, options_.limits);
    if (!read) return std::unexpected(read.error());
  }
  // The entry's, whatever a packet says.
  message.event.namespace_name = sorted.nsp;
  return message;
}

}  // namespace relay
