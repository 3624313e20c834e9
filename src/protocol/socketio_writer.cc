#include "protocol/json_writer.h"
#include "protocol/socketio_packet.h"

namespace relay::socketio {
namespace {

void append_type(std::string& out, PacketType type) {
  out += static_cast<char>('0' + static_cast<int>(type));
}

void append_namespace(std::string& out, std::string_view name) {
  if (name == "/") return;
  out += name;
  out += ',';
}

void append_number(std::string& out, std::uint64_t number) {
  append_json_number(out, static_cast<std::int64_t>(number));
}

struct Types {
  PacketType plain;
  PacketType binary;
};

void append_header(std::string& out, Types types, std::string_view namespace_name, unsigned attachments) {
  append_type(out, attachments == 0 ? types.plain : types.binary);
  if (attachments > 0) {
    append_number(out, attachments);
    out += '-';
  }
  append_namespace(out, namespace_name);
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ',';
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

}  // namespace

void append_event_header(std::string& out, std::string_view namespace_name, std::optional<std::uint64_t> id,
                         unsigned attachments) {
  append_header(out, {PacketType::event, PacketType::binary_event}, namespace_name, attachments);
  if (id) append_number(out, *id);
}

void append_ack_header(std::string& out, std::string_view namespace_name, std::uint64_t id,
                       unsigned attachments) {
  append_header(out, {PacketType::ack, PacketType::binary_ack}, namespace_name, attachments);
  append_number(out, id);
}

void append_ack(std::string& out, std::string_view namespace_name, std::uint64_t id,
                std::string_view arguments_json, unsigned attachments) {
  append_ack_header(out, namespace_name, id, attachments);
  out += '[';
  out += arguments_json;
  out += ']';
}

void append_connect(std::string& out, std::string_view namespace_name, const ConnectAnswer& answer) {
  append_type(out, PacketType::connect);
  append_namespace(out, namespace_name);
  out += R"({"sid":)";
  append_json_string(out, answer.sid);
  if (!answer.pid.empty()) append_member(out, "pid", answer.pid);
  out += '}';
}

void append_connect_error(std::string& out, std::string_view namespace_name, const ConnectRefusal& refusal) {
  append_type(out, PacketType::connect_error);
  append_namespace(out, namespace_name);
  out += R"({"message":)";
  append_json_string(out, refusal.message);
  if (!refusal.data_json.empty()) {
    out += R"(,"data":)";
    out += refusal.data_json;
  }
  out += '}';
}

void append_disconnect(std::string& out, std::string_view namespace_name) {
  append_type(out, PacketType::disconnect);
  append_namespace(out, namespace_name);
}

}  // namespace relay::socketio
