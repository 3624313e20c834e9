#include "cluster/cluster_control.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

namespace relay {
namespace {

constexpr std::string_view hello = "hello";
constexpr std::string_view heartbeat = "heartbeat";
constexpr std::string_view bye = "bye";
constexpr std::string_view ask = "ask";
constexpr std::string_view answer_word = "answer";

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return number;
}

bool is_named(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    if (names.substr(0, end) == name) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

NodeTableOptions table_options(const ControlOptions& options) {
  return {.own_uid = options.self.uid, .own_settings = options.self.settings, .lease = options.lease};
}

}  // namespace

ClusterControl::ClusterControl(EventLoop& loop, ControlOptions options, const BusMac& mac, Log& log,
                               BusProbe& probe, Calls calls)
    : loop_(loop),
      options_(std::move(options)),
      codec_(options_.key_prefix, mac),
      log_(log),
      probe_(probe),
      calls_(std::move(calls)),
      own_channel_(codec_.channel_of_node(options_.self.uid)),
      nodes_(table_options(options_)) {}

std::vector<std::string> ClusterControl::channels() const {
  return {codec_.channel_of_all(), own_channel_};
}

// ---- speaking

void ClusterControl::say(const std::string& channel, std::string_view kind, std::string body) {
  if (connection_ == nullptr) return;
  const auto payload = codec_.encode(channel, {.sender = options_.self.uid,
                                               .number = ++messages_count_,
                                               .kind = std::string(kind),
                                               .body = std::move(body)});
  if (!payload) {
    log_.warn("cluster message not sent", {{"kind", kind}, {"reason", metric_word(payload.error())}});
    return;
  }
  // What is lost is said again, or missed by whoever waits for it until its deadline.
  static_cast<void>(connection_->send({"PUBLISH", channel, *payload}, {}));
}

void ClusterControl::say_presence(std::string_view kind) {
  NodeNews news = options_.self;
  calls_.count(news);
  say(codec_.channel_of_all(), kind, write_node_news(news));
  next_heartbeat_ = loop_.now() + options_.heartbeat_interval;
}

void ClusterControl::on_link_up(RedisConnection& connection) {
  connection_ = &connection;
  say_hello();
}

void ClusterControl::say_hello() {
  say_presence(hello);
}

void ClusterControl::say_bye() {
  say(codec_.channel_of_all(), bye, {});
}

void ClusterControl::tick() {
  const SteadyTime now = loop_.now();
  if (connection_ != nullptr && now >= next_heartbeat_) say_presence(heartbeat);
  for (const NodeName& node : nodes_.expire(now)) forget(node);
  surveys_.tick(now);
}

void ClusterControl::forget(const NodeName& node) {
  log_.warn("node gone", {{"peer", node.name}, {"uid", node.uid}});
  note_nodes();
  surveys_.gone(node.uid);
}

void ClusterControl::note_nodes() {
  probe_.nodes.set(static_cast<std::int64_t>(nodes_.alive_count()));
  probe_.agrees.store(disagreement().empty(), std::memory_order_relaxed);
}

// ---- hearing

void ClusterControl::on_message(std::string_view channel, const std::string& payload) {
  const auto message = codec_.decode(channel, payload);
  if (!message) return probe_.reject(message.error());
  if (message->sender == options_.self.uid) return;
  if (!seen_.is_first(message->sender, message->number)) return probe_.reject(RejectReason::replayed);
  if (message->kind == hello || message->kind == heartbeat) return hear_news(*message);
  if (message->kind == ask) return hear_question(*message);
  if (message->kind == answer_word) return hear_answer(*message);
  if (message->kind == bye) {
    if (const auto node = nodes_.bye(message->sender)) forget(*node);
  }
  // A kind of a later version is none of ours.
}

void ClusterControl::hear_news(const ControlMessage& message) {
  auto news = read_node_news(message.sender, message.body);
  if (!news) return probe_.reject(RejectReason::malformed);
  const std::string name = news->name;
  if (nodes_.heartbeat(std::move(*news), loop_.now()) == NodeTable::Heard::joined) {
    log_.info("node joined", {{"peer", name}, {"uid", message.sender}});
    note_nodes();
    for (const NodeDisagreement& difference : nodes_.disagreeing()) {
      if (difference.node.uid != message.sender) continue;
      std::string settings;
      for (const std::string& setting : difference.settings) {
        settings += settings.empty() ? "" : ",";
        settings += setting;
      }
      log_.error("node has other settings", {{"peer", name}, {"settings", settings}});
    }
  }
  if (message.kind == hello) say_presence(heartbeat);
}

std::string ClusterControl::disagreement() const {
  // The oldest node is right: so a newcomer that is set up otherwise stops nobody, nor those who come after
  // it.
  const std::vector<NodeNews> others = nodes_.alive();
  const auto age = [](const NodeNews& node) { return std::tie(node.started_at_ms, node.uid); };
  const auto oldest = std::ranges::min_element(others, {}, age);
  if (oldest == others.end() || age(options_.self) < age(*oldest)) return {};
  std::string names;
  for (const std::string& name : differing_settings(options_.self.settings, oldest->settings)) {
    names += names.empty() ? "" : ",";
    names += name;
  }
  return names;
}

// ---- surveys: a question is `<survey> <uid>,<uid>,... <kind> <question>`, an answer `<survey> <part> <0 or
// 1: the last> <bytes>`
//
// A question names those it is for. So one that was recorded is none for a relay that was started afterwards,
// which cannot know it as old.

void ClusterControl::ask_all(std::string_view kind, std::string_view question,
                             std::chrono::milliseconds timeout, SurveyBook::Callback callback) {
  std::vector<std::string> uids;
  for (const NodeNews& node : nodes_.alive()) uids.push_back(node.uid);
  auto shared = std::make_shared<SurveyBook::Callback>(std::move(callback));
  const auto survey = surveys_.open(uids, loop_.now() + timeout,
                                    [shared](SurveyResult result) { (*shared)(std::move(result)); });
  if (!survey) return (*shared)({.answers = {}, .missing = std::move(uids)});
  if (uids.empty()) return;
  std::string body = std::to_string(*survey);
  char separator = ' ';
  for (const std::string& uid : uids) {
    body += std::exchange(separator, ',');
    body += uid;
  }
  body += ' ';
  body += kind;
  body += ' ';
  body += question;
  say(codec_.channel_of_all(), ask, std::move(body));
}

void ClusterControl::hear_question(const ControlMessage& message) {
  std::string_view rest = message.body;
  const auto survey = take_number(rest);
  const std::size_t names_end = rest.find(' ');
  if (!survey || names_end == std::string_view::npos) return probe_.reject(RejectReason::malformed);
  const bool is_for_us = is_named(rest.substr(0, names_end), options_.self.uid);
  rest.remove_prefix(names_end + 1);
  const std::size_t blank = rest.find(' ');
  if (blank == std::string_view::npos) return probe_.reject(RejectReason::malformed);
  if (!is_for_us) return;
  calls_.on_question(rest.substr(0, blank), rest.substr(blank + 1),
                     [this, uid = message.sender, number = std::to_string(*survey)](
                         const std::string& bytes) { answer(uid, number, bytes); });
}

void ClusterControl::answer(const std::string& uid, std::string_view survey, std::string_view bytes) {
  const std::string channel = codec_.channel_of_node(uid);
  std::size_t part = 0;
  do {
    const std::string_view piece = bytes.substr(0, part_bytes_max);
    bytes.remove_prefix(piece.size());
    std::string body(survey);
    body += ' ' + std::to_string(part++) + (bytes.empty() ? " 1 " : " 0 ");
    body += piece;
    say(channel, answer_word, std::move(body));
  } while (!bytes.empty());
}

void ClusterControl::hear_answer(const ControlMessage& message) {
  std::string_view rest = message.body;
  const auto survey = take_number(rest);
  const auto part = survey ? take_number(rest) : std::nullopt;
  const auto is_last = part ? take_number(rest) : std::nullopt;
  // An answer without bytes ends behind the blank, which take_number() has passed.
  if (!is_last) return probe_.reject(RejectReason::malformed);
  surveys_.answer(*survey, message.sender, {.index = *part, .bytes = rest, .is_last = *is_last == 1});
}

}  // namespace relay
