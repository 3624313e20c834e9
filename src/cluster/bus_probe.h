#pragma once
// What the bus does. Written by its thread, read by the metrics from any.

#include <array>
#include <atomic>
#include <cstddef>
#include <utility>

#include "base/counter.h"
#include "cluster/reject_reason.h"

namespace relay {

inline constexpr std::size_t reject_reasons_count = std::to_underlying(RejectReason::foreign_version) + 1;

struct BusProbe {
  std::atomic<bool> is_ready{false};             // what others publish reaches this node
  std::atomic<bool> is_whole{false};             // and what it publishes reaches others
  std::atomic<std::int64_t> broken_since_ms{0};  // on the steady clock; while it is not whole
  std::atomic<std::int64_t> last_arrival_ms{0};  // on the steady clock: when the bus brought something last
  std::atomic<bool> was_whole{false};            // once
  std::atomic<bool> agrees{true};                // with the settings of older nodes

  Gauge links_up;      // connections to Redis that stand
  Gauge links_wanted;  // that there should be
  Counter reconnects;  // connections that were made again
  Counter published;   // messages that Redis took
  Counter refused;     // certainly not handed on
  Counter unknown;     // nobody knows whether they were
  Counter received;    // messages of the bus that were for the log
  Counter gaps;        // in the numbers, which nobody could fill
  Counter lost;        // numbers in them
  Counter filled;      // missing messages that another relay had
  Counter epochs;      // that began while this node ran
  Counter deaf;        // times that a connection stood and brought nothing
  Counter regressed;   // messages whose number had passed
  std::array<Counter, reject_reasons_count> rejected;
  LatencyHistogram echo;  // from a worker's hand to the log, over Redis
  Gauge waiting;          // events that Redis has not been given yet
  Gauge nodes;            // other relays that are alive

  void reject(RejectReason reason) noexcept { rejected[std::to_underlying(reason)].add(); }
};

}  // namespace relay
