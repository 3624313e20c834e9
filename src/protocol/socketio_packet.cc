#include "protocol/socketio_packet.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "protocol/json_scanner.h"

namespace relay::socketio {
namespace {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr bool has_attachments(PacketType type) noexcept {
  return type == PacketType::binary_event || type == PacketType::binary_ack;
}

// The digits at the front of `text`, which are taken off.
std::string_view take_digits(std::string_view& text) noexcept {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const std::string_view digits(text.begin(), end);
  text.remove_prefix(digits.size());
  return digits;
}

std::expected<unsigned, ParseError> take_attachments(std::string_view& text) noexcept {
  const std::string_view digits = take_digits(text);
  if (digits.empty() || !text.starts_with('-')) return std::unexpected(ParseError::illegal_attachments);
  text.remove_prefix(1);
  unsigned count = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (result.ec != std::errc() || count > attachments_max)
    return std::unexpected(ParseError::too_many_attachments);
  if (count == 0) return std::unexpected(ParseError::illegal_attachments);
  return count;
}

// Up to the next comma or, as the official parser has it, the end of the packet.
std::string_view take_namespace(std::string_view& text) noexcept {
  if (!text.starts_with('/')) return "/";
  const std::size_t comma = text.find(',');
  const std::string_view name = text.substr(0, comma);
  text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  return name;
}

std::expected<std::optional<std::uint64_t>, ParseError> take_id(std::string_view& text) noexcept {
  const std::string_view digits = take_digits(text);
  if (digits.empty()) return std::nullopt;
  if (digits.size() > id_digits_max) return std::unexpected(ParseError::id_too_long);
  std::uint64_t id = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return id;
}

constexpr std::array<std::string_view, 6> reserved_events = {
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

bool is_reserved_event_json(std::string_view quoted) {
  return std::ranges::any_of(reserved_events,
                             [quoted](std::string_view name) { return json_string_equals(quoted, name); });
}

// Splits the array of an event or an ack into name and arguments.
std::expected<void, ParseError> scan_elements(Packet& packet, unsigned depth_max) {
  const bool has_name = packet.is_event();
  JsonScanner scanner(packet.json, depth_max);
  const auto scanned = scanner.scan_array([&packet, has_name](std::string_view element) {
    if (has_name && packet.event_name_json.empty()) {
      packet.event_name_json = element;
      return;
    }
    // From the first argument to the end of this one.
    const char* const begin = packet.arguments_count == 0 ? element.data() : packet.arguments_json.data();
    packet.arguments_json = std::string_view(begin, element.data() + element.size());
    ++packet.arguments_count;
  });
  if (!scanned || !scanner.expect_end()) return std::unexpected(ParseError::invalid_json);
  return {};
}

std::expected<void, ParseError> check_event_name(std::string_view name_json) {
  if (name_json.empty()) return std::unexpected(ParseError::unexpected_payload);
  const JsonKind kind = json_kind(name_json);
  if (kind == JsonKind::number) return {};
  if (kind != JsonKind::string || is_reserved_event_json(name_json)) {
    return std::unexpected(ParseError::illegal_event_name);
  }
  return {};
}

std::expected<void, ParseError> read_event_or_ack(Packet& packet, unsigned depth_max) {
  if (packet.json.empty()) {
    if (packet.type == PacketType::ack) return {};
    return std::unexpected(ParseError::unexpected_payload);
  }
  // JSON would allow white space here, but to the official parser a blank is a part of the id.
  if (packet.json.front() != '[') return std::unexpected(ParseError::unexpected_payload);
  if (const auto scanned = scan_elements(packet, depth_max); !scanned) return scanned;
  return packet.is_event() ? check_event_name(packet.event_name_json) : std::expected<void, ParseError>();
}

std::expected<void, ParseError> check_connect_payload(const Packet& packet, unsigned depth_max) {
  if (packet.json.empty()) {
    if (packet.type == PacketType::connect) return {};
    return std::unexpected(ParseError::unexpected_payload);
  }
  const auto kind = validate_json(packet.json, depth_max);
  if (!kind) return std::unexpected(ParseError::invalid_json);
  const bool may_be_string = packet.type == PacketType::connect_error;
  if (*kind == JsonKind::object || (may_be_string && *kind == JsonKind::string)) return {};
  return std::unexpected(ParseError::unexpected_payload);
}

std::expected<void, ParseError> read_payload(Packet& packet, unsigned depth_max) {
  switch (packet.type) {
    case PacketType::connect:
    case PacketType::connect_error:
      packet.id.reset();
      return check_connect_payload(packet, depth_max);
    case PacketType::disconnect:
      packet.id.reset();
      if (!packet.json.empty()) return std::unexpected(ParseError::unexpected_payload);
      return {};
    case PacketType::event:
    case PacketType::ack:
    case PacketType::binary_event:
    case PacketType::binary_ack:
      break;
  }
  return read_event_or_ack(packet, depth_max);
}

}  // namespace

std::string_view describe(ParseError error) noexcept {
  switch (error) {
    case ParseError::empty:
      return "empty packet";
    case ParseError::unknown_type:
      return "unknown packet type";
    case ParseError::illegal_attachments:
      return "illegal number of attachments";
    case ParseError::too_many_attachments:
      return "too many attachments";
    case ParseError::id_too_long:
      return "id too long";
    case ParseError::invalid_json:
      return "invalid JSON";
    case ParseError::unexpected_payload:
      return "payload does not suit the packet type";
    case ParseError::illegal_event_name:
      return "illegal event name";
    case ParseError::illegal_placeholder:
      return "placeholder of no attachment";
    case ParseError::attachments_pending:
      return "text where an attachment is due";
    case ParseError::unexpected_binary:
      return "unexpected binary message";
    case ParseError::too_large:
      return "packet too large";
  }
  return {};
}

std::expected<Packet, ParseError> parse_packet(std::string_view text, unsigned depth_max) {
  if (text.empty()) return std::unexpected(ParseError::empty);
  const char type = text.front();
  if (type < '0' || type > '6') return std::unexpected(ParseError::unknown_type);
  text.remove_prefix(1);

  Packet packet{.type = static_cast<PacketType>(type - '0')};
  if (has_attachments(packet.type)) {
    const auto attachments = take_attachments(text);
    if (!attachments) return std::unexpected(attachments.error());
    packet.attachments = *attachments;
  }
  packet.namespace_name = take_namespace(text);
  const auto id = take_id(text);
  if (!id) return std::unexpected(id.error());
  packet.id = *id;
  packet.json = text;
  if (const auto read = read_payload(packet, depth_max); !read) return std::unexpected(read.error());
  return packet;
}

bool is_reserved_event(std::string_view name) noexcept {
  return std::ranges::find(reserved_events, name) != reserved_events.end();
}

}  // namespace relay::socketio
