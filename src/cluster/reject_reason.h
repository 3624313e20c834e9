#pragma once
// Why a message from the bus is dropped. The words are values of the metric `bus_rejected_total{reason}`.

#include <cstdint>
#include <string_view>

namespace relay {

enum class RejectReason : std::uint8_t {
  malformed,        // not of the format, or not what the format allows
  too_large,        // more bytes, values, levels, rooms or attachments than BusLimits has
  unsigned_,        // no MAC where every message must have one
  bad_mac,          // a MAC, but not of this content under our key
  replayed,         // seen before
  foreign_version,  // of a relay whose messages have another version
};

// No default: a new reason does not compile until it has a word.
[[nodiscard]] constexpr std::string_view metric_word(RejectReason reason) noexcept {
  switch (reason) {
    case RejectReason::malformed:
      return "malformed";
    case RejectReason::too_large:
      return "too_large";
    case RejectReason::unsigned_:
      return "unsigned";
    case RejectReason::bad_mac:
      return "bad_mac";
    case RejectReason::replayed:
      return "replayed";
    case RejectReason::foreign_version:
      return "foreign_version";
  }
  return "malformed";
}

}  // namespace relay
