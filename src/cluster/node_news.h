#pragma once
// What a node tells the others about itself in every heartbeat: the body of that control message, JSON.
//
//     {"name":"relay-1","version":"1.2.0","startedAtMs":1767225600000,"adapter":"streams",
//      "connections":1234,"sessions":1200,"rooms":87,"settings":{"ADAPTER":"0a1b2c3d"}}
//
// The uid is not in it: the message names its sender, and its MAC proves it.
//
// Threading: any.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/settings_fingerprint.h"

namespace relay {

struct NodeNews {
  std::string uid = {};
  std::string name = {};  // for people: the host, mostly
  std::string version = {};
  std::uint64_t started_at_ms = 0;  // since 1970
  std::string adapter = {};
  std::uint64_t connections = 0;
  std::uint64_t sessions = 0;
  std::uint64_t rooms = 0;
  SettingsFingerprint settings = {};

  friend bool operator==(const NodeNews&, const NodeNews&) = default;
};

inline constexpr std::size_t node_news_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t node_text_bytes_max = 255;  // of each text, and of a setting's name
inline constexpr std::size_t node_settings_max = 128;
inline constexpr std::uint64_t node_number_max = std::uint64_t{1} << 53;  // exact for every JSON reader

// A text of more than node_text_bytes_max is cut at a character's end: the others would refuse it. There are
// at most node_settings_max settings.
[[nodiscard]] std::string write_node_news(const NodeNews& news);

// Nullopt for what is no such object, lacks its name, version or start, or exceeds a bound. Members of a
// later version are passed over.
[[nodiscard]] std::optional<NodeNews> read_node_news(std::string_view uid, std::string_view body);

}  // namespace relay
