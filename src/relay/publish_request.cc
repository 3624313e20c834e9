#include "relay/publish_request.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "auth/name_rule.h"
#include "base/utf8.h"
#include "protocol/json_scanner.h"
#include "relay/event_schemas.h"
#include "relay/publish_rule.h"

namespace relay {
namespace {

constexpr std::string_view must_be_string = "must be a string";
constexpr std::string_view half_a_pair = "must not have one half of a surrogate pair, which is no character";

// A key of the object. The position is the number of the bit that remembers it.
enum class Field : std::uint8_t {
  room,
  session_id,
  rooms,
  account,
  type,
  event,
  payload,
  timestamp,
  nonce,
  except,
  delivery,
  unknown,
};

constexpr std::array<std::string_view, 11> field_names = {"room",  "sessionId", "rooms",   "account",
                                                          "type",  "event",     "payload", "timestamp",
                                                          "nonce", "except",    "delivery"};

Field field_of(std::string_view name) noexcept {
  return static_cast<Field>(std::ranges::find(field_names, name) - field_names.begin());
}

constexpr std::uint32_t bit_of(Field field) noexcept {
  return 1U << std::to_underlying(field);
}

PublishRefusal bad_json(std::string detail) {
  return {PublishError::invalid_json, std::move(detail), {}};
}

PublishRefusal bad_json(const JsonError& error) {
  return bad_json(fmt::format("The body is not JSON: {} at byte {}.", error.message, error.offset));
}

// `count` is that of all faults, of which `errors` may be the first.
PublishRefusal bad_event(std::vector<FieldError> errors, std::size_t count) {
  const FieldError& first = errors.front();
  std::string detail = fmt::format("{} {}", first.path.empty() ? "The body" : first.path, first.message);
  detail += count > 1 ? fmt::format(" (and {} more).", count - 1) : ".";
  return {PublishError::invalid_event, std::move(detail), std::move(errors)};
}

PublishRefusal bad_event(std::string_view path, std::string_view message) {
  return bad_event({{std::string(path), std::string(message)}}, 1);
}

void add_once(std::vector<std::string>& names, std::string name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

// Takes the members of one object, in whatever order they come, and judges each at once.
class Reader {
 public:
  void take(std::string_view quoted_key, std::string_view value) {
    const std::string_view raw = quoted_key.substr(1, quoted_key.size() - 2);
    if (raw.find('\\') == std::string_view::npos) return take_named(raw, value);
    // A key that no UTF-8 can hold is none of ours, and its escapes name it.
    take_named(decode_json_string(quoted_key).value_or(std::string(raw)), value);
  }

  std::expected<PublishRequest, PublishRefusal> finish(const EventSchemas* schemas) {
    if (!repeated_.empty()) {
      return std::unexpected(bad_json(fmt::format("The field {} is there twice.", repeated_)));
    }
    check_together();
    if (schemas != nullptr && !request_.type.empty()) check_schema(*schemas);
    if (errors_count_ > 0) return std::unexpected(bad_event(std::move(errors_), errors_count_));
    return std::move(request_);
  }

 private:
  void take_named(std::string_view name, std::string_view value) {
    const Field field = field_of(name);
    const bool is_new = field == Field::unknown ? unknown_.emplace(name).second : !has(field);
    if (!is_new && repeated_.empty()) repeated_ = pointer_to(name);
    if (!is_new) return;
    seen_ |= bit_of(field);
    take_field(field, name, value);
  }

  void take_field(Field field, std::string_view name, std::string_view value) {
    switch (field) {
      case Field::room:
      case Field::session_id:
        return take_room(pointer_to(name), value);
      case Field::rooms:
        return take_rooms(value);
      case Field::account:
        return take_account(value);
      case Field::type:
      case Field::event:
        return take_type(pointer_to(name), value);
      case Field::payload:
        request_.payload_json = value;
        return;
      case Field::timestamp:
        request_.timestamp = read_text("/timestamp", value, timestamp_problem);
        return;
      case Field::nonce:
        request_.nonce = read_text("/nonce", value, nonce_problem);
        return;
      case Field::except:
        return take_except(value);
      case Field::delivery:
        request_.is_volatile = json_kind(value) == JsonKind::string && json_string_equals(value, "volatile");
        if (!request_.is_volatile) add_error("/delivery", "must be \"volatile\", or left out");
        return;
      case Field::unknown:
        return add_error(pointer_to(name), "is not a field of an event");
    }
  }

  void take_room(std::string path, std::string_view value) {
    if (auto room = read_text(std::move(path), value, room_problem))
      add_once(request_.targets, std::move(*room));
  }

  void take_rooms(std::string_view value) {
    const auto count = read_elements(value, publish_rooms_max, [&](std::size_t i, std::string_view room) {
      take_room(fmt::format("/rooms/{}", i), room);
    });
    if (!count) return add_error("/rooms", "must be an array");
    if (*count == 0 || *count > publish_rooms_max) add_error("/rooms", "must have 1 to 100 rooms");
  }

  void take_account(std::string_view value) {
    auto account = read_text("/account", value, name_problem);
    if (account) add_once(request_.targets, std::string(account_room_prefix) + *account);
  }

  void take_except(std::string_view value) {
    const auto count = read_elements(value, publish_except_max, [&](std::size_t i, std::string_view id) {
      auto text = read_text(fmt::format("/except/{}", i), id, name_problem);
      if (text) add_once(request_.except, std::move(*text));
    });
    if (!count) return add_error("/except", "must be an array");
    if (*count > publish_except_max) add_error("/except", "must have at most 100 socket ids");
  }

  void take_type(std::string path, std::string_view value) {
    if (auto type = read_text(std::move(path), value, event_type_problem)) request_.type = std::move(*type);
  }

  void check_together() {
    if (has(Field::room) && has(Field::session_id))
      add_error("/sessionId", "is another name of room: give only one");
    if (has(Field::type) && has(Field::event)) add_error("/event", "is another name of type: give only one");
    if (!has(Field::type) && !has(Field::event)) add_error("/type", "is required");
    constexpr std::uint32_t targets =
        bit_of(Field::room) | bit_of(Field::session_id) | bit_of(Field::rooms) | bit_of(Field::account);
    if ((seen_ & targets) == 0) add_error("/room", "is required, unless there is rooms or account");
  }

  // Calls take(i, text) for the first `most` elements and returns how many there are; nullopt if it is no
  // array.
  template <typename F>
  static std::optional<std::size_t> read_elements(std::string_view array, std::size_t most, F&& take) {
    if (json_kind(array) != JsonKind::array) return std::nullopt;
    std::size_t count = 0;
    const auto scanned = JsonScanner(array, json_depth_limit).scan_array([&](std::string_view element) {
      if (count < most) take(count, element);
      ++count;
    });
    return scanned ? std::optional(count) : std::nullopt;
  }

  // The text of a string if `problem_of` finds nothing wrong with it.
  template <typename F>
  std::optional<std::string> read_text(std::string path, std::string_view value, F&& problem_of) {
    std::optional<std::string> text;
    std::string_view problem = must_be_string;
    if (json_kind(value) == JsonKind::string) {
      text = decode_json_string(value);
      problem = text ? problem_of(*text) : half_a_pair;
    }
    if (problem.empty()) return text;
    add_error(std::move(path), problem);
    return std::nullopt;
  }

  void check_schema(const EventSchemas& schemas) {
    for (FieldError& fault : schemas.check(request_.type, request_.payload_json)) {
      add_error(std::move(fault.path), fault.message);
    }
  }

  void add_error(std::string path, std::string_view message) {
    if (++errors_count_ <= field_errors_max) errors_.push_back({std::move(path), std::string(message)});
  }

  [[nodiscard]] bool has(Field field) const noexcept { return (seen_ & bit_of(field)) != 0; }

  PublishRequest request_;
  std::uint32_t seen_ = 0;
  std::unordered_set<std::string> unknown_;
  std::string repeated_;
  std::vector<FieldError> errors_;
  std::size_t errors_count_ = 0;
};

// Of a body that is no object: not JSON, or JSON of another kind.
PublishRefusal refuse_other_kind(std::string_view body, unsigned depth_max) {
  if (const auto kind = validate_json(body, depth_max); !kind) return bad_json(kind.error());
  return bad_event("", "must be an object");
}

std::string_view without_quotes(std::string_view text) noexcept {
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return text;
  return text.substr(1, text.size() - 2);
}

// A set, in one order for all of its spellings, with its size before it and each length before each name.
void hash_set(Sha256& hash, const std::vector<std::string>& names) {
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::ranges::sort(sorted);
  const auto repeated = std::ranges::unique(sorted);
  sorted.erase(repeated.begin(), repeated.end());
  hash.update(fmt::format("{}\n", sorted.size()));
  for (const std::string_view name : sorted) {
    hash.update(fmt::format("{}:", name.size()));
    hash.update(name);
  }
}

}  // namespace

bool is_batch(std::string_view body) noexcept {
  const std::size_t first = body.find_first_not_of(" \t\n\r");
  return first != std::string_view::npos && body[first] == '[';
}

std::expected<PublishRequest, PublishRefusal> parse_publish(std::string_view body,
                                                            const PublishLimits& limits) {
  if (body.size() > limits.event_bytes_max) {
    return std::unexpected(PublishRefusal{
        PublishError::too_large, fmt::format("An event may have {} bytes.", limits.event_bytes_max), {}});
  }
  if (!is_valid_utf8(body)) return std::unexpected(bad_json("The body is not valid UTF-8."));
  JsonScanner scanner(body, limits.depth_max);
  if (scanner.peek() != JsonKind::object) return std::unexpected(refuse_other_kind(body, limits.depth_max));

  Reader reader;
  const auto scanned = scanner.scan_object(
      [&](std::string_view quoted_key, std::string_view value) { reader.take(quoted_key, value); });
  if (!scanned) return std::unexpected(bad_json(scanned.error()));
  if (const auto end = scanner.expect_end(); !end) return std::unexpected(bad_json(end.error()));
  return reader.finish(limits.schemas);
}

std::expected<std::vector<std::string_view>, PublishRefusal> split_batch(std::string_view body) {
  if (!is_valid_utf8(body)) return std::unexpected(bad_json("The body is not valid UTF-8."));
  std::vector<std::string_view> events;
  std::size_t count = 0;
  // Each event's own nesting is judged with the event.
  JsonScanner scanner(body, json_depth_limit);
  const auto scanned = scanner.scan_array([&](std::string_view event) {
    if (++count <= batch_events_max) events.push_back(event);
  });
  if (!scanned) return std::unexpected(bad_json(scanned.error()));
  if (const auto end = scanner.expect_end(); !end) return std::unexpected(bad_json(end.error()));
  if (count == 0) return std::unexpected(bad_event("", "must have 1 to 1000 events"));
  if (count > batch_events_max) {
    return std::unexpected(PublishRefusal{PublishError::too_large, "A batch may have 1000 events.", {}});
  }
  return events;
}

std::expected<void, PublishRefusal> apply_header_nonce(PublishRequest& request,
                                                       std::optional<std::string_view> nonce,
                                                       std::optional<std::string_view> idempotency_key) {
  for (const auto& header : {nonce, idempotency_key}) {
    if (!header) continue;
    const std::string_view text = without_quotes(*header);
    if (const auto problem = nonce_problem(text); !problem.empty()) {
      return std::unexpected(bad_event("/nonce", problem));
    }
    if (request.nonce && *request.nonce != text) {
      return std::unexpected(
          bad_event("/nonce", "must be the same wherever it is given, in headers and body"));
    }
    request.nonce = text;
  }
  return {};
}

Digest body_fingerprint(const PublishRequest& request) {
  Sha256 hash;
  hash_set(hash, request.targets);
  hash_set(hash, request.except);
  hash.update(fmt::format("{}:", request.type.size()));
  hash.update(request.type);
  hash.update(request.payload_json);
  return hash.finish();
}

}  // namespace relay
