#include "api/history_page.h"

#include <array>
#include <charconv>
#include <utility>

#include "hub/position.h"
#include "protocol/json_scanner.h"
#include "protocol/query_string.h"

namespace relay {
namespace {

std::optional<std::size_t> parse_limit(std::string_view text) {
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || limit < 1 || limit > history_events_max) return std::nullopt;
  return limit;
}

// The frame as clients get it, `42[name,envelope,offset]`, taken apart again: byte for byte. Returns the
// offset as JSON; it points into the frame.
std::string_view append_event(std::string& out, const RetainedEvent& event) {
  std::array<std::string_view, 3> elements{};
  std::size_t count = 0;
  JsonScanner scanner(event.packet->payload().substr(2), json_depth_limit);
  static_cast<void>(scanner.scan_array([&](std::string_view element) {
    if (count < elements.size()) elements[count++] = element;
  }));
  const auto& [name, envelope, offset] = elements;
  out += R"({"offset":)";
  out += offset;
  out += R"(,"name":)";
  out += name;
  out += R"(,"envelope":)";
  out += envelope;
  out += '}';
  return offset;
}

std::optional<Position> position_of(const EventLog& log, const HistoryWish& wish) {
  return wish.after ? parse_offset(log.epoch().text(), *wish.after) : std::nullopt;
}

}  // namespace

std::expected<HistoryWish, std::string_view> parse_history_wish(std::string room, std::string_view query) {
  const QueryString parameters(query);
  HistoryWish wish{.room = std::move(room), .after = parameters.get("after")};
  if (const auto text = parameters.get("limit")) {
    const auto limit = parse_limit(*text);
    if (!limit) return std::unexpected("The query parameter limit must be a whole number from 1 to 1000.");
    wish.limit = *limit;
  }
  return wish;
}

bool is_ahead_of(const EventLog& log, const HistoryWish& wish) {
  if (!log.follows_bus() || !wish.after) return false;
  const auto position = position_of(log, wish);
  return !position || *position >= log.head();
}

std::string history_json(const EventLog& log, const HistoryWish& wish) {
  const auto after = position_of(log, wish);
  const auto page = log.history("/", wish.room, after, {.events = wish.limit, .bytes = history_bytes_max});
  const bool complete = page.complete && after.has_value() == wish.after.has_value();
  std::string json = R"({"events":[)";
  std::string_view last = "null";
  for (const RetainedEvent& event : page.events) {
    if (json.back() != '[') json += ',';
    last = append_event(json, event);
  }
  json += R"(],"next":)";
  json += last;
  json += complete ? R"(,"complete":true})" : R"(,"complete":false})";
  return json;
}

}  // namespace relay
