#pragma once
// The body of POST /events, read and judged in one pass: one event as a JSON object, or a batch of them as an
// array.
//
// What is wrong is reported at once, each fault with the JSON Pointer (RFC 6901) of the field as the
// publisher wrote it; a field that is missing is named as `/type` or `/room`. Reports are bounded
// (field_errors_max) and never repeat a value.
//
// Lifetime: `payload_json` points into the body, so a request must not outlive it. The event is encoded while
// the body is still there, and the payload, which may be most of it, is copied once less.
//
// Threading: functions any, requests are values.

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/hmac.h"
#include "protocol/json_pointer.h"
#include "relay/publish_error.h"

namespace relay {

inline constexpr std::size_t publish_rooms_max = 100;
inline constexpr std::size_t publish_except_max = 100;
inline constexpr std::size_t batch_events_max = 1000;

class EventSchemas;

struct PublishLimits {
  std::size_t event_bytes_max = 262144;
  unsigned depth_max = 64;                // the event's object is level 1
  const EventSchemas* schemas = nullptr;  // that payloads must match; null: none
};

struct PublishRequest {
  std::vector<std::string>
      targets;  // 1 to 102 rooms, each once; an account is its private room `~account/<sub>`
  std::vector<std::string> except;  // socket ids, each once
  std::string type;
  std::string_view payload_json = "{}";  // exactly the publisher's bytes
  std::optional<std::string> timestamp;  // RFC 3339, as it came
  std::optional<std::string> nonce;
  bool is_volatile = false;
};

struct PublishRefusal {
  PublishError code;
  std::string detail;              // a sentence
  std::vector<FieldError> errors;  // with invalid_event alone; not empty then
};

// Whether `body` is to be read with split_batch() instead of parse_publish(): it begins with a bracket.
[[nodiscard]] bool is_batch(std::string_view body) noexcept;

// Refuses with invalid_json, invalid_event or too_large.
[[nodiscard]] std::expected<PublishRequest, PublishRefusal> parse_publish(std::string_view body,
                                                                          const PublishLimits& limits);

// The texts of 1 to 1000 elements, each to be judged by parse_publish() on its own. Their views point into
// `body`. Refuses as a whole what is not JSON, an empty array (invalid_event) and one that is too long
// (too_large).
[[nodiscard]] std::expected<std::vector<std::string_view>, PublishRefusal> split_batch(std::string_view body);

// Takes over the nonce of the headers `nonce` and `Idempotency-Key`, where given, in quotes or not. Refuses
// one against the rule, and any two of body and headers that differ.
[[nodiscard]] std::expected<void, PublishRefusal> apply_header_nonce(
    PublishRequest& request, std::optional<std::string_view> nonce,
    std::optional<std::string_view> idempotency_key);

// Two requests with one nonce ask for the same exactly if these are equal: targets and `except` as sets,
// type, bytes of the payload.
[[nodiscard]] Digest body_fingerprint(const PublishRequest& request);

}  // namespace relay
