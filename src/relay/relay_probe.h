#pragma once
// What the product did on one worker. Written by that worker only; read by the metrics from any thread.

#include <array>
#include <cstddef>

#include "auth/client_token.h"
#include "base/counter.h"
#include "relay/publish_error.h"

namespace relay {

inline constexpr std::size_t publish_errors_count = 8;
inline constexpr std::size_t token_refusals_count = 7;

// Why a client's own event was not relayed: the `code` of its ack.
enum class ClientEventRefusal : std::uint8_t {
  binary_unsupported,
  reserved_name,
  forbidden,
  invalid_event,
  overloaded,
  unavailable,
};
inline constexpr std::size_t client_event_refusals_count = 6;

[[nodiscard]] constexpr std::string_view to_string(ClientEventRefusal refusal) noexcept {
  switch (refusal) {
    case ClientEventRefusal::binary_unsupported:
      return "binary_unsupported";
    case ClientEventRefusal::reserved_name:
      return "reserved_name";
    case ClientEventRefusal::forbidden:
      return "forbidden";
    case ClientEventRefusal::invalid_event:
      return "invalid_event";
    case ClientEventRefusal::overloaded:
      return "overloaded";
    case ClientEventRefusal::unavailable:
      return "unavailable";
  }
  return "";
}

// What became of a client that wanted to go on from where it was.
enum class RecoveryOutcome : std::uint8_t {
  recovered,     // as the socket that it was
  replayed,      // a new socket that was given all since `auth.after`
  out_of_reach,  // what came since then is not all there any more
  unknown,       // no position of this log, or no pid of this account's
};
inline constexpr std::size_t recovery_outcomes_count = 4;

[[nodiscard]] constexpr std::string_view to_string(RecoveryOutcome outcome) noexcept {
  switch (outcome) {
    case RecoveryOutcome::recovered:
      return "recovered";
    case RecoveryOutcome::replayed:
      return "replayed";
    case RecoveryOutcome::out_of_reach:
      return "out_of_reach";
    case RecoveryOutcome::unknown:
      return "unknown";
  }
  return "";
}

struct RelayProbe {
  Counter accepted;
  Counter duplicates;
  std::array<Counter, publish_errors_count> refused;
  Counter client_events_accepted;
  std::array<Counter, client_event_refusals_count> client_events_refused;
  std::array<Counter, token_refusals_count> tokens_refused;
  std::array<Counter, recovery_outcomes_count> recoveries;
  Counter syncs;  // `relay:sync` to quiet sockets
  Counter tokens_refreshed;
  std::array<Counter, token_refusals_count> refreshes_refused;
  LatencyHistogram publish;  // from the request's arrival to the last local write queued

  void publish_refused(PublishError error) { refused[static_cast<std::size_t>(error)].add(); }
  void client_event_refused(ClientEventRefusal why) {
    client_events_refused[static_cast<std::size_t>(why)].add();
  }
  void recovery(RecoveryOutcome outcome) { recoveries[static_cast<std::size_t>(outcome)].add(); }
  void refresh_refused(TokenRefusalCode code) { refreshes_refused[static_cast<std::size_t>(code)].add(); }
  void token_refused(TokenRefusalCode code) { tokens_refused[static_cast<std::size_t>(code)].add(); }
};

}  // namespace relay
