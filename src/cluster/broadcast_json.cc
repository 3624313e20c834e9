#include "cluster/broadcast_json.h"

#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "cluster/broadcast_packet.h"
#include "cluster/json_check.h"
#include "protocol/json_scanner.h"
#include "protocol/json_writer.h"

namespace relay {
namespace {

using Result = std::expected<void, RejectReason>;

void append_texts(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (const std::string& text : texts) {
    if (&text != &texts.front()) out += ',';
    append_json_string(out, text);
  }
  out += ']';
}

struct Wanted {
  std::string_view key;
  std::string_view& value;  // stays empty if there is no such member
};

// The whole text was validated before: only the kind of value can be wrong.
bool take_members(std::string_view object, std::initializer_list<Wanted> wanted) {
  JsonScanner scanner(object, bus_message_depth_max);
  return scanner
      .scan_object([&wanted](std::string_view key, std::string_view value) {
        for (const auto& [name, place] : wanted) {
          if (json_string_equals(key, name)) place = value;
        }
      })
      .has_value();
}

// A string, or an integer as its text.
std::optional<std::string> text_of(std::string_view value) {
  if (json_kind(value) == JsonKind::string) return decode_json_string(value);
  const bool is_integer =
      json_kind(value) == JsonKind::number && value.find_first_of(".eE") == std::string_view::npos;
  if (!is_integer) return std::nullopt;
  return std::string(value);
}

Result read_texts(std::vector<std::string>& out, std::string_view array, const BusLimits& limits) {
  bool are_texts = true;
  JsonScanner scanner(array, bus_message_depth_max);
  const auto scanned = scanner.scan_array([&](std::string_view element) {
    std::optional<std::string> text = text_of(element);
    if (!text) are_texts = false;
    if (text && out.size() <= limits.rooms_max) out.push_back(std::move(*text));
  });
  if (!scanned || !are_texts) return std::unexpected(RejectReason::malformed);
  if (out.size() > limits.rooms_max) return std::unexpected(RejectReason::too_large);
  return {};
}

Result read_data(BusEvent& event, std::string_view array) {
  std::optional<std::string> name;
  const char* arguments_begin = nullptr;
  const char* arguments_end = nullptr;
  bool is_name = true;
  JsonScanner scanner(array, bus_message_depth_max);
  const auto scanned = scanner.scan_array([&](std::string_view element) {
    if (std::exchange(is_name, false)) {
      name = text_of(element);
      return;
    }
    if (arguments_begin == nullptr) arguments_begin = element.data();
    arguments_end = element.data() + element.size();
  });
  if (!scanned || !name) return std::unexpected(RejectReason::malformed);
  event.name = std::move(*name);
  if (arguments_begin != nullptr) event.arguments_json.assign(arguments_begin, arguments_end);
  return {};
}

Result read_options(BusEvent& event, std::string_view object, const BusLimits& limits) {
  std::string_view rooms;
  std::string_view except;
  std::string_view flags;
  if (!take_members(object, {{"rooms", rooms}, {"except", except}, {"flags", flags}})) {
    return std::unexpected(RejectReason::malformed);
  }
  // Without rooms everybody would get what was meant for some.
  if (const Result read = read_texts(event.rooms, rooms, limits); !read) return read;
  if (!except.empty()) {
    if (const Result read = read_texts(event.except, except, limits); !read) return read;
  }
  std::string_view is_volatile;
  std::string_view is_listed;
  if (!flags.empty() && !take_members(flags, {{"volatile", is_volatile}, {"listed", is_listed}})) {
    return std::unexpected(RejectReason::malformed);
  }
  event.is_volatile = is_volatile == "true";
  event.is_listed = is_listed == "true";
  return {};
}

}  // namespace

std::expected<std::string, RejectReason> write_broadcast_json(const BusEvent& event) {
  if (const Result checked = check_arguments(event.arguments_json); !checked) {
    return std::unexpected(checked.error());
  }
  std::string json = R"({"packet":{"type":2,"data":)";
  json += packet_data_json(event);
  json += R"(},"opts":{"rooms":)";
  append_texts(json, event.rooms);
  json += R"(,"except":)";
  append_texts(json, event.except);
  json += R"(,"flags":{)";
  if (event.is_volatile) json += R"("volatile":true)";
  if (event.is_listed) json += event.is_volatile ? R"(,"listed":true)" : R"("listed":true)";
  json += "}}}";
  return json;
}

Result read_broadcast_json(BusEvent& event, std::string_view json, const BusLimits& limits) {
  if (const Result checked = check_json(json, bus_message_depth_max); !checked) return checked;
  std::string_view packet;
  std::string_view options;
  std::string_view type;
  std::string_view data;
  if (!is_valid_utf8(json) || !take_members(json, {{"packet", packet}, {"opts", options}}) ||
      !take_members(packet, {{"type", type}, {"data", data}}) || (type != "2" && type != "5")) {
    return std::unexpected(RejectReason::malformed);
  }
  if (const Result read = read_data(event, data); !read) return read;
  return read_options(event, options, limits);
}

}  // namespace relay
