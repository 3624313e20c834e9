#pragma once
// Which other relays are there: fed with heartbeats, asked by whoever waits for all of them, by the log and
// by the admin API.
//
//     no heartbeat yet --heartbeat()--> alive --bye(), or nothing heard for the lease--> forgotten
//
// A node that was restarted has another uid, and its old one dies by itself.
//
// Bounds: nodes_max; who comes beyond it is ignored, and counted.
//
// Threading: a value of its owner; only ignored_count() from any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counter.h"
#include "cluster/node_news.h"

namespace relay {

struct NodeTableOptions {
  std::string own_uid;  // our own heartbeats come back from the bus, and are passed over
  SettingsFingerprint own_settings = {};
  std::chrono::milliseconds lease{10'000};
  std::size_t nodes_max = 256;
};

struct NodeName {
  std::string uid;
  std::string name;

  friend bool operator==(const NodeName&, const NodeName&) = default;
};

struct NodeDisagreement {
  NodeName node;
  std::vector<std::string> settings;  // never empty

  friend bool operator==(const NodeDisagreement&, const NodeDisagreement&) = default;
};

class NodeTable {
 public:
  enum class Heard : std::uint8_t { joined, known, ignored };

  explicit NodeTable(NodeTableOptions options);

  Heard heartbeat(NodeNews news, SteadyTime now);

  // A node that closes says so. Nullopt: it was not there.
  std::optional<NodeName> bye(std::string_view uid);

  // Forgets those of whom nothing was heard for the lease, sorted by uid. Until it is called they are alive.
  [[nodiscard]] std::vector<NodeName> expire(SteadyTime now);

  // Sorted by uid.
  [[nodiscard]] std::vector<NodeNews> alive() const;
  [[nodiscard]] std::size_t alive_count() const noexcept { return nodes_.size(); }

  // Valid until the table changes; null if it is not alive.
  [[nodiscard]] const NodeNews* find(std::string_view uid) const;

  // Those with settings that differ from ours and must not, sorted by uid.
  [[nodiscard]] std::vector<NodeDisagreement> disagreeing() const;

  // Heartbeats of nodes beyond nodes_max.
  [[nodiscard]] std::uint64_t ignored_count() const noexcept { return ignored_.value(); }

 private:
  struct Node {
    NodeNews news;
    SteadyTime last_heard;
  };

  const NodeTableOptions options_;
  std::map<std::string, Node, std::less<>> nodes_;  // by uid
  Counter ignored_;
};

}  // namespace relay
