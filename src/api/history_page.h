#pragma once
// A page of GET /rooms/{room}/events: what a room has seen.
//
// Threading: any; the log has its lock.

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "hub/event_log.h"

namespace relay {

inline constexpr std::size_t history_events_default = 100;
inline constexpr std::size_t history_events_max = 1000;
// A page ends early when it holds that much; `next` says where to go on.
inline constexpr std::size_t history_bytes_max = 4 * 1024 * 1024;

struct HistoryWish {
  std::string room;
  std::size_t limit = history_events_default;
  std::optional<std::string> after = {};  // an offset, or anything
};

// The error is a sentence for whoever asked.
[[nodiscard]] std::expected<HistoryWish, std::string_view> parse_history_wish(std::string room,
                                                                              std::string_view query);

// Whether the wish knows of more than this node has heard by now, as far as one can tell: it may come from a
// node that is ahead on the bus.
[[nodiscard]] bool is_ahead_of(const EventLog& log, const HistoryWish& wish);

[[nodiscard]] std::string history_json(const EventLog& log, const HistoryWish& wish);

}  // namespace relay
