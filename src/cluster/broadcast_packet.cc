#include "cluster/broadcast_packet.h"

#include <utility>
#include <vector>

#include "base/utf8.h"
#include "cluster/msgpack_writer.h"
#include "protocol/json_writer.h"
#include "protocol/socketio_placeholder.h"

namespace relay {
namespace {

constexpr std::uint64_t event_type = 2;
constexpr std::uint64_t binary_event_type = 5;

// The values of a message that are not the arguments': generously.
constexpr std::size_t frame_values_max = 64;

BusLimits without_frame(const BusEvent& event, const BusLimits& limits) {
  BusLimits left = limits;
  const std::size_t used = frame_values_max + event.rooms.size() + event.except.size();
  left.values_max = limits.values_max > used ? limits.values_max - used : 0;
  return left;
}

// Whether `packed` reads back as `json`.
bool survives(std::string_view packed, std::string_view json, const BusLimits& limits) {
  const auto read = msgpack_to_json(packed, limits);
  return read && read->json == json;
}

void append_texts(std::string& out, const std::vector<std::string>& texts) {
  append_msgpack_array(out, texts.size());
  for (const std::string& text : texts) append_msgpack_string(out, text);
}

std::expected<void, RejectReason> read_texts(std::vector<std::string>& out, const MsgpackTree& tree,
                                             const MsgpackNode* array, const BusLimits& limits) {
  if (array == nullptr || !array->is(MsgpackKind::array)) return std::unexpected(RejectReason::malformed);
  if (array->size > limits.rooms_max) return std::unexpected(RejectReason::too_large);
  out.reserve(array->size);
  const bool are_texts = tree.each_part(*array, [&](const MsgpackNode& node) {
    std::optional<std::string> text = msgpack_text(node);
    if (text) out.push_back(std::move(*text));
    return text.has_value();
  });
  if (!are_texts) return std::unexpected(RejectReason::malformed);
  return {};
}

// The elements of the packet's array behind the first.
std::expected<void, RejectReason> read_arguments(BusEvent& event, const MsgpackTree& tree,
                                                 const MsgpackNode& data, const BusLimits& limits) {
  JsonWithAttachments arguments;
  arguments.json.reserve(tree.bytes_count());
  std::expected<void, RejectReason> result;
  bool is_name = true;
  tree.each_part(data, [&](const MsgpackNode& node) {
    if (std::exchange(is_name, false)) return true;
    if (!arguments.json.empty()) arguments.json += ',';
    result = append_msgpack_as_json(arguments, tree, node, limits);
    return result.has_value();
  });
  if (!result) return result;
  // Beside attachments, what only looks like one would break the clients.
  if (!arguments.attachments.empty() &&
      !socketio::has_only_valid_placeholders('[' + arguments.json + ']',
                                             static_cast<unsigned>(arguments.attachments.size()))) {
    return std::unexpected(RejectReason::malformed);
  }
  event.arguments_json = std::move(arguments.json);
  event.attachments = std::move(arguments.attachments);
  return {};
}

}  // namespace

std::string packet_data_json(const BusEvent& event) {
  std::string json;
  json.reserve(event.name.size() + event.arguments_json.size() + 8);
  json += '[';
  append_json_string(json, event.name);
  if (!event.arguments_json.empty()) {
    json += ',';
    json += event.arguments_json;
  }
  json += ']';
  return json;
}

std::expected<PackedPacket, RejectReason> append_packet(std::string& out, const BusEvent& event,
                                                        PacketNamespace with_namespace,
                                                        const BusLimits& limits) {
  const bool is_with_namespace = with_namespace == PacketNamespace::written;
  append_msgpack_map(out, is_with_namespace ? 3 : 2);
  append_msgpack_string(out, "type");
  append_msgpack_unsigned(out, event_type);
  append_msgpack_string(out, "data");
  const std::size_t begin = out.size();
  const std::string json = packet_data_json(event);
  const auto fidelity = append_json_as_msgpack(out, json, event.attachments, without_frame(event, limits));
  if (!fidelity) return std::unexpected(fidelity.error());
  const bool is_canonical = fidelity->is_canonical && event.attachments.empty();
  const bool text_survives = is_canonical || survives(std::string_view(out).substr(begin), json, limits);
  if (is_with_namespace) {
    append_msgpack_string(out, "nsp");
    append_msgpack_string(out, event.namespace_name);
  }
  return PackedPacket{*fidelity, text_survives};
}

void append_packet_options(std::string& out, const BusEvent& event) {
  append_msgpack_map(out, 3);
  append_msgpack_string(out, "rooms");
  append_texts(out, event.rooms);
  append_msgpack_string(out, "except");
  append_texts(out, event.except);
  append_msgpack_string(out, "flags");
  append_msgpack_map(out, (event.is_volatile ? std::size_t{1} : 0) + (event.is_listed ? 1 : 0));
  if (event.is_volatile) {
    append_msgpack_string(out, "volatile");
    append_msgpack_bool(out, true);
  }
  if (event.is_listed) {
    append_msgpack_string(out, "listed");
    append_msgpack_bool(out, true);
  }
}

bool is_within(const BusEvent& event, const BusLimits& limits) noexcept {
  return event.sender.size() <= bus_sender_bytes_max && event.rooms.size() <= limits.rooms_max &&
         event.except.size() <= limits.rooms_max && event.attachments.size() <= limits.attachments_max;
}

std::expected<void, RejectReason> read_packet(BusEvent& event, const MsgpackTree& tree,
                                              const MsgpackNode* packet, const BusLimits& limits) {
  if (packet == nullptr) return std::unexpected(RejectReason::malformed);
  const MsgpackNode* const type = tree.find(*packet, "type");
  const MsgpackNode* const data = tree.find(*packet, "data");
  if (type == nullptr || !type->is(MsgpackKind::unsigned_integer) ||
      (type->bits != event_type && type->bits != binary_event_type)) {
    return std::unexpected(RejectReason::malformed);
  }
  const MsgpackNode* const name = data == nullptr ? nullptr : tree.element(*data, 0);
  std::optional<std::string> name_text = name == nullptr ? std::nullopt : msgpack_text(*name);
  if (!name_text) return std::unexpected(RejectReason::malformed);
  event.name = std::move(*name_text);
  if (const MsgpackNode* const namespace_name = tree.find(*packet, "nsp")) {
    if (!namespace_name->is(MsgpackKind::string) || !is_valid_utf8(namespace_name->bytes)) {
      return std::unexpected(RejectReason::malformed);
    }
    event.namespace_name = namespace_name->bytes;
  }
  return read_arguments(event, tree, *data, limits);
}

std::expected<void, RejectReason> read_packet_options(BusEvent& event, const MsgpackTree& tree,
                                                      const MsgpackNode* options, const BusLimits& limits) {
  // Without rooms everybody would get what was meant for some.
  if (options == nullptr) return std::unexpected(RejectReason::malformed);
  if (const auto read = read_texts(event.rooms, tree, tree.find(*options, "rooms"), limits); !read)
    return read;
  if (const MsgpackNode* const except = tree.find(*options, "except")) {
    if (const auto read = read_texts(event.except, tree, except, limits); !read) return read;
  }
  const MsgpackNode* const flags = tree.find(*options, "flags");
  const auto is_set = [&](std::string_view flag) {
    const MsgpackNode* const value = flags == nullptr ? nullptr : tree.find(*flags, flag);
    return value != nullptr && value->is_true();
  };
  event.is_volatile = is_set("volatile");
  event.is_listed = is_set("listed");
  return {};
}

}  // namespace relay
