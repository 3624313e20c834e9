#include "cluster/node_table.h"

#include <utility>

namespace relay {

NodeTable::NodeTable(NodeTableOptions options) : options_(std::move(options)) {}

NodeTable::Heard NodeTable::heartbeat(NodeNews news, SteadyTime now) {
  if (news.uid == options_.own_uid) return Heard::ignored;
  if (const auto known = nodes_.find(news.uid); known != nodes_.end()) {
    known->second = {std::move(news), now};
    return Heard::known;
  }
  if (nodes_.size() >= options_.nodes_max) {
    ignored_.add();
    return Heard::ignored;
  }
  std::string uid = news.uid;
  nodes_.emplace(std::move(uid), Node{std::move(news), now});
  return Heard::joined;
}

std::optional<NodeName> NodeTable::bye(std::string_view uid) {
  const auto node = nodes_.find(uid);
  if (node == nodes_.end()) return std::nullopt;
  NodeName name{node->first, std::move(node->second.news.name)};
  nodes_.erase(node);
  return name;
}

std::vector<NodeName> NodeTable::expire(SteadyTime now) {
  std::vector<NodeName> died;
  for (auto node = nodes_.begin(); node != nodes_.end();) {
    if (now - node->second.last_heard < options_.lease) {
      ++node;
      continue;
    }
    died.push_back({node->first, std::move(node->second.news.name)});
    node = nodes_.erase(node);
  }
  return died;
}

std::vector<NodeNews> NodeTable::alive() const {
  std::vector<NodeNews> all;
  all.reserve(nodes_.size());
  for (const auto& [uid, node] : nodes_) all.push_back(node.news);
  return all;
}

const NodeNews* NodeTable::find(std::string_view uid) const {
  const auto node = nodes_.find(uid);
  return node == nodes_.end() ? nullptr : &node->second.news;
}

std::vector<NodeDisagreement> NodeTable::disagreeing() const {
  std::vector<NodeDisagreement> found;
  for (const auto& [uid, node] : nodes_) {
    auto settings = differing_settings(options_.own_settings, node.news.settings);
    if (!settings.empty()) found.push_back({{uid, node.news.name}, std::move(settings)});
  }
  return found;
}

}  // namespace relay
