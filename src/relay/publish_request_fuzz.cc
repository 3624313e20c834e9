// Whatever the bytes: a refusal has its reasons and stays within its bounds, and what is accepted keeps every
// rule and means the same when it is written again in another spelling.

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "base/check.h"
#include "base/utf8.h"
#include "protocol/json_scanner.h"
#include "protocol/json_writer.h"
#include "relay/publish_request.h"
#include "relay/publish_rule.h"

namespace {

using namespace relay;  // NOLINT(google-build-using-namespace)

constexpr PublishLimits limits{.event_bytes_max = 8192, .depth_max = 8};

void check_refusal(const PublishRefusal& refusal) {
  RELAY_CHECK(!refusal.detail.empty() && refusal.detail.size() < 1000);
  RELAY_CHECK((refusal.code == PublishError::invalid_event) == !refusal.errors.empty());
  RELAY_CHECK(refusal.errors.size() <= field_errors_max);
  for (const FieldError& error : refusal.errors) {
    RELAY_CHECK(error.path.size() < 300 && !error.message.empty() && is_valid_utf8(error.path));
  }
}

void check_names(const std::vector<std::string>& names, std::size_t most) {
  RELAY_CHECK(names.size() <= most);
  RELAY_CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  for (const std::string& name : names) {
    RELAY_CHECK(is_valid_utf8(name) && !has_control_character(name) && !name.empty() && name.size() <= 209);
  }
}

void append_names(std::string& out, const std::vector<std::string>& names) {
  out += '[';
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, names[names.size() - 1 - i]);
  }
  out += ']';
}

// The same event with its members and names in another order.
std::string write_again(const PublishRequest& request) {
  std::string out = R"({"payload": )";
  out += request.payload_json;
  out += R"( ,"event":)";
  append_json_string(out, request.type);
  out += R"(,"except":)";
  append_names(out, request.except);
  out += R"(,"rooms":)";
  append_names(out, request.targets);
  return out + "}";
}

void check_request(const PublishRequest& request) {
  check_names(request.targets, publish_rooms_max + 2);
  check_names(request.except, publish_except_max);
  RELAY_CHECK(!request.targets.empty());
  RELAY_CHECK(event_type_problem(request.type).empty());
  RELAY_CHECK(validate_json(request.payload_json, limits.depth_max - 1).has_value());
  RELAY_CHECK(!request.nonce || nonce_problem(*request.nonce).empty());
  RELAY_CHECK(!request.timestamp || timestamp_problem(*request.timestamp).empty());
  if (request.targets.size() > publish_rooms_max) return;

  const std::string again = write_again(request);
  const auto same = parse_publish(again, {.event_bytes_max = again.size(), .depth_max = limits.depth_max});
  RELAY_CHECK(same.has_value());
  RELAY_CHECK(same->type == request.type && same->payload_json == request.payload_json);
  RELAY_CHECK(std::ranges::is_permutation(same->targets, request.targets));
  RELAY_CHECK(std::ranges::is_permutation(same->except, request.except));
  RELAY_CHECK(body_fingerprint(*same) == body_fingerprint(request));
}

void check_event(std::string_view body) {
  const auto request = parse_publish(body, limits);
  if (request) {
    check_request(*request);
  } else {
    check_refusal(request.error());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  check_event(body);
  if (!is_batch(body)) return 0;
  const auto events = split_batch(body);
  if (!events) {
    check_refusal(events.error());
    return 0;
  }
  RELAY_CHECK(!events->empty() && events->size() <= batch_events_max);
  for (const std::string_view event : *events) check_event(event);
  return 0;
}
