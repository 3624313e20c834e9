#pragma once
// Who is in a room, over all nodes: a question to all workers of this node, and to all other nodes.
//
// Threading: bound to the worker that asks, but for answer_presence(), which is for any.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/redis_bus.h"
#include "relay/presence_survey.h"

namespace relay {

inline constexpr std::string_view presence_question = "presence";

struct ClusterAccounts {
  RoomAccounts accounts;
  std::vector<std::string> missing_nodes;  // names of those that did not answer in time
};

// `callback` comes once; nullopt when this very node did not answer in time. `bus`: null for a node that is
// alone.
void survey_cluster_presence(LocalHub& hub, RedisBus* bus, const std::string& room,
                             std::chrono::milliseconds timeout,
                             std::move_only_function<void(const std::optional<ClusterAccounts>&)> callback);

// The answer to such a question: JSON, sockets by account.
[[nodiscard]] std::string write_accounts(const RoomAccounts& accounts);
// What is no such answer adds nothing, and is false.
[[nodiscard]] bool add_accounts(RoomAccounts& sum, std::string_view answer);

}  // namespace relay
