#include "cluster/streams_codec.h"

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

constexpr std::uint64_t position_max = std::uint64_t{1} << 53;

constexpr std::string_view no_mac = "-";
constexpr std::size_t mac_text_bytes = 22;

// Views of the values; empty without the field.
struct Fields {
  std::string_view uid, nsp, type, data, own;
  std::optional<std::string_view> position;
};

// What the field `r` says.
struct OwnField {
  std::string_view version, number, mac;
  std::string_view signed_text;  // all before the MAC
};

OwnField split(std::string_view own) noexcept {
  OwnField words;
  const std::size_t last = own.rfind(' ');
  if (last == std::string_view::npos) return words;
  words.signed_text = own.substr(0, last);
  words.mac = own.substr(last + 1);
  if (words.mac == no_mac) words.mac = {};
  const std::size_t first = words.signed_text.find(' ');
  words.version = words.signed_text.substr(0, first);
  if (first == std::string_view::npos) return words;
  const std::string_view rest = words.signed_text.substr(first + 1);
  words.number = rest.substr(0, rest.find(' '));
  return words;
}

Fields sort_out(std::span<const StreamFieldView> fields) {
  Fields sorted;
  for (const auto& [name, value] : fields) {
    if (name == "uid") sorted.uid = value;
    if (name == "nsp") sorted.nsp = value;
    if (name == "type") sorted.type = value;
    if (name == "data") sorted.data = value;
    if (name == StreamsCodec::own_field) sorted.own = value;
    if (name == StreamsCodec::position_field) sorted.position = value;
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

// Also the fields that only a later version knows, so that it can trust them.
std::vector<std::string_view> signed_parts(std::string_view stream, std::string_view own_text,
                                           std::span<const StreamFieldView> fields) {
  std::vector<std::string_view> parts;
  parts.reserve(3 + fields.size() * 2);
  parts.assign({mac_purpose, stream, own_text});
  for (const auto& [name, value] : fields) {
    if (name == StreamsCodec::own_field || name == StreamsCodec::position_field) continue;
    parts.push_back(name);
    parts.push_back(value);
  }
  return parts;
}

std::expected<void, RejectReason> check_mac(const BusMac& mac, std::string_view mac_field,
                                            const std::vector<std::string_view>& parts) {
  if (mac_field.empty()) return std::unexpected(RejectReason::unsigned_);
  const std::optional<std::string> received = decode_base64url(mac_field);
  if (!received) return std::unexpected(RejectReason::malformed);
  if (!mac.verify(parts, *received)) return std::unexpected(RejectReason::bad_mac);
  return {};
}

// What stands beside the event, for every type of message.
std::expected<StreamMessage, RejectReason> read_envelope(const Fields& fields, const OwnField& own) {
  const auto type = read_decimal<std::uint8_t>(fields.type);
  const auto number = fields.own.empty() ? 0 : read_decimal<std::uint64_t>(own.number);
  const auto position = fields.position ? read_decimal<std::uint64_t>(*fields.position) : 0;
  if (!type || *type == 0 || *type > std::to_underlying(StreamMessageType::adapter_close) || !number ||
      !position || *position > position_max || fields.uid.empty() ||
      fields.uid.size() > bus_sender_bytes_max || fields.nsp.empty() || !is_valid_utf8(fields.uid) ||
      !is_valid_utf8(fields.nsp)) {
    return std::unexpected(RejectReason::malformed);
  }
  StreamMessage message{static_cast<StreamMessageType>(*type), {}};
  message.event.sender = fields.uid;
  message.event.number = *number;
  message.event.position = *position;
  return message;
}

bool has_readable_version(const Fields& fields, const OwnField& own) {
  if (fields.own.empty()) return true;  // of Node, or of a relay that has nothing to say
  const auto version = read_decimal<std::uint64_t>(own.version);
  return version && is_readable_version(*version);
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

std::string_view StreamsCodec::mac_of(std::string_view own) noexcept {
  return split(own).mac;
}

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
  std::vector<StreamFieldView> views;
  views.reserve(entry.fields.size());
  for (const StreamField& field : entry.fields) views.push_back({field.name, field.value});
  if (options_.mac != nullptr || event.number != 0) {
    std::string own = std::to_string(bus_version) + ' ' + std::to_string(event.number);
    std::string mac(no_mac);
    if (options_.mac != nullptr)
      mac = mac_text(options_.mac->sign(signed_parts(options_.stream, own, views)));
    own += ' ';
    own += mac;
    entry.fields.push_back({std::string(own_field), std::move(own)});
  }
  // What comes besides: `r`, at its longest, and `p`.
  constexpr std::size_t digits_max = 20;
  constexpr std::size_t last_fields_bytes = (1 + digits_max + 1 + digits_max + 1 + mac_text_bytes) + (1 + 16);
  if (bytes_of_all(views) + last_fields_bytes > options_.limits.message_bytes_max) {
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
  const OwnField own = split(sorted.own);
  if (!has_readable_version(sorted, own)) return std::unexpected(RejectReason::foreign_version);
  if (options_.mac != nullptr) {
    const auto checked =
        check_mac(*options_.mac, own.mac, signed_parts(options_.stream, own.signed_text, fields));
    if (!checked) return std::unexpected(checked.error());
  }
  auto message = read_envelope(sorted, own);
  if (!message) return message;
  if (message->type == StreamMessageType::broadcast) {
    const auto read = sorted.data.starts_with('{')
                          ? read_broadcast_json(message->event, sorted.data, options_.limits)
                          : read_binary(message->event, sorted.data, options_.limits);
    if (!read) return std::unexpected(read.error());
  }
  // The entry's, whatever a packet says.
  message->event.namespace_name = sorted.nsp;
  return message;
}

}  // namespace relay
