#include "cluster/bus_format.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

namespace relay {
namespace {

constexpr std::uint64_t sequence_max = (std::uint64_t{1} << stream_sequence_bits) - 1;
constexpr std::uint64_t milliseconds_max = UINT64_MAX >> stream_sequence_bits;

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Some of a MAC, which as good as random bytes are; never 0.
std::uint64_t mark_of_mac(std::string_view mac) noexcept {
  std::uint64_t mark = 0;
  std::memcpy(&mark, mac.data(), std::min(mac.size(), sizeof mark));
  return mark | 1U;
}

}  // namespace

std::optional<Position> position_of_stream_id(std::string_view id) {
  const std::size_t dash = id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto milliseconds = decimal(id.substr(0, dash));
  const auto sequence = decimal(id.substr(dash + 1));
  if (!milliseconds || !sequence || *milliseconds > milliseconds_max) return std::nullopt;
  return (*milliseconds << stream_sequence_bits) + std::min(*sequence, sequence_max);
}

std::string stream_id_of_position(Position position) {
  return std::to_string(position >> stream_sequence_bits) + '-' + std::to_string(position & sequence_max);
}

BusFormat::BusFormat(const BusFormatOptions& options)
    : adapter_(options.adapter),
      classic_({.key_prefix = options.key_prefix, .mac = options.mac, .has_positions = true}),
      streams_({.stream = options.key_prefix, .mac = options.mac}) {}

std::expected<BusMessage, RejectReason> BusFormat::encode(const BusEvent& event) const {
  BusMessage message;
  if (adapter_ == BusAdapter::pubsub) {
    auto encoded = classic_.encode(event);
    if (!encoded) return std::unexpected(encoded.error());
    message.channel = std::move(encoded->channel);
    message.payload = std::move(encoded->payload);
  } else {
    auto encoded = streams_.encode(event);
    if (!encoded) return std::unexpected(encoded.error());
    message.fields = std::move(encoded->fields);
  }
  return message;
}

std::expected<std::optional<ReceivedMessage>, RejectReason> BusFormat::decode(
    const MessageRing::Raw& raw) const {
  if (adapter_ == BusAdapter::pubsub) {
    if (raw.size() != 2) return std::unexpected(RejectReason::malformed);
    auto event = classic_.decode(raw[0], raw[1]);
    if (!event) return std::unexpected(event.error());
    ReceivedMessage message{std::move(*event), 0};
    message.position = message.event.position;
    return message;
  }
  const auto position = raw.empty() ? std::nullopt : position_of_stream_id(raw.front());
  if (raw.size() % 2 == 0 || !position) return std::unexpected(RejectReason::malformed);
  std::vector<StreamFieldView> fields;
  for (std::size_t i = 1; i < raw.size(); i += 2) fields.push_back({raw[i], raw[i + 1]});
  auto message = streams_.decode(fields);
  if (!message) return std::unexpected(message.error());
  if (message->type != StreamMessageType::broadcast) return std::nullopt;
  return ReceivedMessage{std::move(message->event), *position};
}

std::optional<BusFormat::Glance> BusFormat::glance(const MessageRing::Raw& raw) const {
  if (adapter_ == BusAdapter::pubsub) {
    const auto end = raw.size() == 2 ? ClassicCodec::signed_end(raw[1]) : std::nullopt;
    if (!end) return std::nullopt;
    return Glance{mark_of_mac(end->mac), end->position, end->position};
  }
  const auto position = raw.empty() ? std::nullopt : position_of_stream_id(raw.front());
  std::string_view mac;
  std::optional<std::uint64_t> number;
  for (std::size_t i = 1; i + 1 < raw.size(); i += 2) {
    if (raw[i] == StreamsCodec::own_field) mac = StreamsCodec::mac_of(raw[i + 1]);
    if (raw[i] == StreamsCodec::position_field) number = decimal(raw[i + 1]);
  }
  if (!position || mac.empty() || !number) return std::nullopt;
  return Glance{mark_of_mac(mac), *number, *position};
}

std::uint64_t BusFormat::mark_of(const BusMessage& message) const {
  if (adapter_ == BusAdapter::pubsub) {
    const auto end = ClassicCodec::signed_end(message.payload);
    return end ? mark_of_mac(end->mac) : 0;
  }
  const auto own = std::ranges::find(message.fields, StreamsCodec::own_field, &StreamField::name);
  const std::string_view mac =
      own == message.fields.end() ? std::string_view() : StreamsCodec::mac_of(own->value);
  return mac.empty() ? 0 : mark_of_mac(mac);
}

Position BusFormat::position_of(std::uint64_t number, std::string_view stream_id) const {
  return adapter_ == BusAdapter::pubsub ? number : position_of_stream_id(stream_id).value_or(0);
}

}  // namespace relay
