#include "app/event_subscription.h"

#include <algorithm>
#include <charconv>

#include "app/setting_parsers.h"
#include "base/utf8.h"
#include "protocol/engineio_packet.h"
#include "protocol/json_scanner.h"
#include "protocol/json_writer.h"
#include "protocol/socketio_packet.h"

namespace relay {
namespace {

constexpr unsigned depth_max = 128;  // what relays send is less deep
constexpr std::uint64_t silence_ms_max = 24ULL * 3600 * 1000;

SubscriptionStep ended(std::string note) {
  return {.reply = {}, .envelope = {}, .note = std::move(note), .is_ended = true};
}
SubscriptionStep noted(std::string note) {
  return {.reply = {}, .envelope = {}, .note = std::move(note)};
}

// The text of a member of an object, empty when it has none.
std::string_view member_of(std::string_view object, std::string_view name) {
  std::string_view found;
  if (object.empty() || json_kind(object) != JsonKind::object) return found;
  JsonScanner scanner(object, depth_max);
  static_cast<void>(scanner.scan_object([&](std::string_view key, std::string_view value) {
    if (json_string_equals(key, name)) found = value;
  }));
  return found;
}

std::optional<std::string> text_member(std::string_view object, std::string_view name) {
  const std::string_view value = member_of(object, name);
  if (value.empty() || json_kind(value) != JsonKind::string) return std::nullopt;
  return decode_json_string(value);
}

std::uint64_t number_member(std::string_view object, std::string_view name) {
  const std::string_view value = member_of(object, name);
  std::uint64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return std::min(number, silence_ms_max);
}

// A payload is passed on as it was published, which may be on several lines. Outside of strings, where JSON
// has no raw newlines, those are white space.
std::string on_one_line(std::string_view json) {
  std::string line(json);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

// {"message":..., "data":{"code":...,"claim":...}}
std::string refusal_text(std::string_view json) {
  const std::string_view data = member_of(json, "data");
  const auto code = text_member(data, "code");
  const auto claim = text_member(data, "claim");
  const std::string reason = code ? *code : text_member(json, "message").value_or("no reason given");
  return "refused: " + reason + (claim ? " (" + *claim + ")" : "");
}

SubscriptionStep on_event(const socketio::Packet& packet) {
  std::string_view argument;
  if (packet.arguments_count > 0) {
    argument = JsonScanner(packet.arguments_json, depth_max).scan_value().value_or("");
  }
  const std::string name = decode_json_string(packet.event_name_json).value_or("");
  if (name.starts_with("relay:")) return noted(name + " " + on_one_line(argument));
  return {.reply = {}, .envelope = on_one_line(argument), .note = {}};
}

}  // namespace

SubscriptionStep EventSubscription::on_message(std::string_view message) {
  const auto packet = is_valid_utf8(message) ? engineio::parse_text_packet(message) : std::nullopt;
  if (!packet || packet->binary) return ended("the relay sent what is not Engine.IO");
  switch (packet->type) {
    case engineio::PacketType::open:
      return on_open(packet->data);
    case engineio::PacketType::close:
      return ended("closed by the relay");
    case engineio::PacketType::ping:
      return {.reply = "3" + std::string(packet->data), .envelope = {}, .note = {}};
    case engineio::PacketType::message:
      return on_packet(packet->data);
    case engineio::PacketType::pong:
    case engineio::PacketType::upgrade:
    case engineio::PacketType::noop:
      return {};
  }
  return {};
}

SubscriptionStep EventSubscription::on_open(std::string_view json) {
  if (!validate_json(json, depth_max)) return ended("the relay sent an open packet that is not JSON");
  const std::uint64_t silence_ms = number_member(json, "pingInterval") + number_member(json, "pingTimeout");
  if (silence_ms > 0) silence_max_ = std::chrono::milliseconds(silence_ms);
  std::string reply = "40{\"token\":";
  append_json_string(reply, replace_invalid_utf8(token_));
  return {.reply = reply + "}", .envelope = {}, .note = {}};
}

SubscriptionStep EventSubscription::on_packet(std::string_view text) {
  const auto packet = socketio::parse_packet(text, depth_max);
  if (!packet) return ended("the relay sent what is not Socket.IO: " + std::string(describe(packet.error())));
  switch (packet->type) {
    case socketio::PacketType::connect:
      return noted("connected");
    case socketio::PacketType::connect_error:
      return ended(refusal_text(packet->json));
    case socketio::PacketType::disconnect:
      return ended("disconnected by the relay");
    case socketio::PacketType::event:
      return on_event(*packet);
    case socketio::PacketType::ack:
    case socketio::PacketType::binary_event:
    case socketio::PacketType::binary_ack:
      return {};
  }
  return {};
}

}  // namespace relay
