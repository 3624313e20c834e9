#include "cluster/cluster_presence.h"

#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace relay {
namespace {

// This node's part and the others', which come in any order.
struct Parts {
  void finish_one() {
    if (--missing > 0) return;
    callback(is_complete ? std::optional(std::move(result)) : std::nullopt);
  }

  int missing = 2;
  bool is_complete = true;
  ClusterAccounts result = {};
  std::move_only_function<void(const std::optional<ClusterAccounts>&)> callback = {};
};

void add(RoomAccounts& sum, const RoomAccounts& part) {
  for (const auto& [account, sockets] : part) sum[account] += sockets;
}

}  // namespace

std::string write_accounts(const RoomAccounts& accounts) {
  // A name that is no UTF-8 cannot be here: tokens are JSON.
  return nlohmann::json(accounts).dump();
}

bool add_accounts(RoomAccounts& sum, std::string_view answer) {
  const nlohmann::json object = nlohmann::json::parse(answer, nullptr, false);
  if (!object.is_object()) return false;
  for (const auto& [account, sockets] : object.items()) {
    if (!sockets.is_number_unsigned()) return false;
  }
  for (const auto& [account, sockets] : object.items()) sum[account] += sockets.get<std::size_t>();
  return true;
}

void survey_cluster_presence(LocalHub& hub, RedisBus* bus, const std::string& room,
                             std::chrono::milliseconds timeout,
                             std::move_only_function<void(const std::optional<ClusterAccounts>&)> callback) {
  const auto parts = std::make_shared<Parts>();
  parts->callback = std::move(callback);
  if (bus == nullptr) {
    parts->missing = 1;
  } else {
    bus->ask_all(std::string(presence_question), room, timeout,
                 [parts, bus, worker = hub.worker()](ClusterAnswers answers) {
                   bus->run_on_worker(worker, [parts, all = std::move(answers)] {
                     for (const ClusterAnswer& answer : all.answers) {
                       if (add_accounts(parts->result.accounts, answer.bytes)) continue;
                       parts->result.missing_nodes.push_back(answer.node);
                     }
                     for (const std::string& node : all.missing) parts->result.missing_nodes.push_back(node);
                     parts->finish_one();
                   });
                 });
  }
  survey_presence(hub, room, timeout, [parts](const std::optional<RoomAccounts>& here) {
    parts->is_complete = here.has_value();
    if (here) add(parts->result.accounts, *here);
    parts->finish_one();
  });
}

}  // namespace relay
