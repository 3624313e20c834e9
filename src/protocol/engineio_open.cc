#include "protocol/engineio_open.h"

#include <cstdint>

#include "protocol/engineio_packet.h"
#include "protocol/json_writer.h"

namespace relay::engineio {

std::string open_packet(const OpenParameters& parameters) {
  std::string out;
  out += digit(PacketType::open);
  out += R"({"sid":)";
  append_json_string(out, parameters.sid);
  out += R"(,"upgrades":[)";
  for (bool first = true; const std::string_view upgrade : parameters.upgrades) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, upgrade);
  }
  out += R"(],"pingInterval":)";
  append_json_number(out, parameters.ping_interval.count());
  out += R"(,"pingTimeout":)";
  append_json_number(out, parameters.ping_timeout.count());
  out += R"(,"maxPayload":)";
  append_json_number(out, static_cast<std::int64_t>(parameters.payload_bytes_max));
  out += '}';
  return out;
}

}  // namespace relay::engineio
