#pragma once
// Socket.IO v5 packets, as they lie in an Engine.IO message:
//
//   type [ attachments "-" ] [ namespace "," ] [ id ] [ json ]          2/chat,7["hello",{"a":1}]
//
// The parser checks the grammar, all of the JSON and the shape that the type asks for, and yields the texts
// unchanged. What follows from the state of a connection (is it in this namespace, may a client send this
// type) is the caller's.
//
// Threading: any.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace relay::socketio {

enum class PacketType : std::uint8_t {
  connect,
  disconnect,
  event,
  ack,
  connect_error,
  binary_event,
  binary_ack
};

// More would be refused by the official clients, too.
inline constexpr unsigned attachments_max = 10;

// Ids longer than this are refused; so an id always fits.
inline constexpr std::size_t id_digits_max = 18;

// Views point into the text given.
struct Packet {
  PacketType type;
  unsigned attachments = 0;               // of the binary types, 1 to attachments_max
  std::string_view namespace_name = "/";  // always with its slash
  std::optional<std::uint64_t> id = {};   // of events and acks; one on another type is ignored
  std::string_view json = {};             // empty if there is none
  std::string_view event_name_json = {};  // events: the first element, a string or a number
  std::string_view arguments_json = {};   // events and acks: the other elements, without brackets: 1,{"a":2}
  unsigned arguments_count = 0;

  [[nodiscard]] bool is_event() const noexcept {
    return type == PacketType::event || type == PacketType::binary_event;
  }
  [[nodiscard]] bool is_ack() const noexcept {
    return type == PacketType::ack || type == PacketType::binary_ack;
  }
};

// All of them close the connection; they differ for the log and the counters.
enum class ParseError : std::uint8_t {
  empty,
  unknown_type,
  illegal_attachments,  // no count, zero, or no dash after it
  too_many_attachments,
  id_too_long,
  invalid_json,         // also too deep
  unexpected_payload,   // not the kind of value this type has
  illegal_event_name,   // neither a string nor a number, or reserved
  illegal_placeholder,  // no such attachment
  attachments_pending,  // a text where an attachment should be
  unexpected_binary,    // an attachment of nothing
  too_large,
};

[[nodiscard]] std::string_view describe(ParseError error) noexcept;

// `text` is the Engine.IO message, valid UTF-8. An event must have its array; an ack may come without one,
// and without an id, and then means nothing.
[[nodiscard]] std::expected<Packet, ParseError> parse_packet(std::string_view text, unsigned depth_max);

// The six names that sockets use themselves: nobody may send an event of that name.
[[nodiscard]] bool is_reserved_event(std::string_view name) noexcept;

// Encoders. They append one packet without the Engine.IO digit before it. Namespaces and texts are valid
// UTF-8.

// Up to the JSON array, which the caller appends. With attachments the type is BINARY_EVENT.
void append_event_header(std::string& out, std::string_view namespace_name,
                         std::optional<std::uint64_t> id = {}, unsigned attachments = 0);
void append_ack_header(std::string& out, std::string_view namespace_name, std::uint64_t id,
                       unsigned attachments = 0);

// A whole ack; `arguments_json` is the inside of its array.
void append_ack(std::string& out, std::string_view namespace_name, std::uint64_t id,
                std::string_view arguments_json, unsigned attachments = 0);

struct ConnectAnswer {
  std::string_view sid;
  std::string_view pid = {};  // left out if empty
};
void append_connect(std::string& out, std::string_view namespace_name, const ConnectAnswer& answer);

struct ConnectRefusal {
  std::string_view message;
  std::string_view data_json = {};  // left out if empty
};
void append_connect_error(std::string& out, std::string_view namespace_name, const ConnectRefusal& refusal);

void append_disconnect(std::string& out, std::string_view namespace_name);

}  // namespace relay::socketio
