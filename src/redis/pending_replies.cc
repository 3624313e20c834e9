#include "redis/pending_replies.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace relay {
namespace {

enum class PushKind : std::uint8_t { none, message, confirmation };

constexpr std::array<std::string_view, 3> messages{"message", "pmessage", "smessage"};
constexpr std::array<std::string_view, 6> confirmations{"subscribe",   "psubscribe",   "ssubscribe",
                                                        "unsubscribe", "punsubscribe", "sunsubscribe"};

// RESP2 has no type for pushes: they are arrays with a name in front.
PushKind push_kind(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::array || reply.elements.size() < 3) return PushKind::none;
  const RedisReply& name = reply.elements.front();
  if (name.kind != RedisReply::Kind::bulk) return PushKind::none;
  if (std::ranges::find(messages, name.text) != messages.end()) return PushKind::message;
  const bool confirms = std::ranges::find(confirmations, name.text) != confirmations.end();
  return confirms ? PushKind::confirmation : PushKind::none;
}

}  // namespace

void PendingReplies::append(RedisCallback callback, SteadyTime deadline, std::size_t confirmations_missing) {
  if (!entries_.empty()) deadline = std::max(deadline, entries_.back().deadline);
  entries_.push_back({std::move(callback), deadline, confirmations_missing});
}

void PendingReplies::add(RedisCallback callback, SteadyTime deadline) {
  append(std::move(callback), deadline, 0);
}

void PendingReplies::add_subscription(RedisCallback callback, SteadyTime deadline,
                                      std::size_t channels_count) {
  append(std::move(callback), deadline, std::max<std::size_t>(channels_count, 1));
}

RedisCallback PendingReplies::take_first() {
  RedisCallback callback = std::move(entries_.front().callback);
  entries_.pop_front();
  return callback;
}

PendingReplies::Match PendingReplies::match(const RedisReply& reply) {
  const bool awaits_confirmation = !entries_.empty() && entries_.front().confirmations_missing > 0;
  // Before the first subscription an array that looks like a push is the answer of an ordinary command.
  const PushKind kind = subscriber_ || awaits_confirmation ? push_kind(reply) : PushKind::none;
  if (kind == PushKind::message && subscriber_) return {.is_push = true};
  if (kind == PushKind::confirmation) {
    subscriber_ = true;
    Match match{.is_push = true};
    // Redis also says by itself that a subscription has ended.
    if (awaits_confirmation && --entries_.front().confirmations_missing == 0) match.callback = take_first();
    return match;
  }
  if (entries_.empty() || (awaits_confirmation && !reply.is_error())) return {.is_unasked = true};
  return {.callback = take_first()};
}

std::optional<SteadyTime> PendingReplies::deadline() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().deadline;
}

void PendingReplies::lose_all() {
  std::deque<Entry> lost = std::exchange(entries_, {});
  for (Entry& entry : lost) {
    if (entry.callback) entry.callback(RedisReply{.kind = RedisReply::Kind::lost});
  }
}

}  // namespace relay
