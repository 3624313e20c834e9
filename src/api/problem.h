#pragma once
// Errors of the HTTP API as RFC 9457 problem details. The only place that knows which error is which status.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/http_message.h"
#include "relay/publish_error.h"
#include "relay/publish_request.h"

namespace relay {

// No default: a new error does not compile until someone decides.
[[nodiscard]] constexpr unsigned http_status(PublishError error) noexcept {
  switch (error) {
    case PublishError::invalid_json:
    case PublishError::invalid_event:
      return 400;
    case PublishError::unauthorized:
      return 401;
    case PublishError::nonce_conflict:
      return 409;
    case PublishError::too_large:
      return 413;
    case PublishError::unsupported_media_type:
      return 415;
    case PublishError::rate_limited:
      return 429;
    case PublishError::unavailable:
      return 503;
  }
  return 500;
}

// With `unavailable`: whether the event may have been fanned out.
enum class Outcome : std::uint8_t { not_done, unknown };

struct Problem {
  unsigned status;
  std::string_view code;
  std::string detail;
  std::span<const FieldError> errors = {};
  std::optional<Outcome> outcome = {};
};

// The object's text: also an element of a batch's answer.
[[nodiscard]] std::string problem_json(const Problem& problem);
[[nodiscard]] HttpResponse problem_response(const Problem& problem, std::string headers = {});

[[nodiscard]] Problem problem_of(const PublishRefusal& refusal);
[[nodiscard]] HttpResponse not_found();
// What a path without use for a body reads and forgets of one, and its answer to a larger one.
inline constexpr std::size_t unwanted_body_bytes_max = 64 * 1024;
[[nodiscard]] HttpResponse unwanted_body(std::string headers = {});
// `allow` is the value of the Allow header: "GET, HEAD".
[[nodiscard]] HttpResponse method_not_allowed(std::string_view allow);

}  // namespace relay
