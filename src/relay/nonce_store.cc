#include "relay/nonce_store.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace relay {
namespace {

constexpr std::size_t answer_text_bytes_max = 64;
constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t buckets_max = std::size_t{1} << 22U;
// Of a begin(): more than it can add, so that the expired ones run out.
constexpr std::size_t evictions_max = 16;

std::string random_key() {
  constexpr std::size_t key_length = 32;
  return random_token(key_length);
}

}  // namespace

NonceStore::NonceStore(const Clock& clock, NonceLimits limits)
    : clock_(clock),
      limits_(limits),
      hash_key_(random_key()),
      buckets_(std::bit_ceil(std::clamp<std::size_t>(limits.nonces_max, 1, buckets_max)), none),
      free_(none),
      expires_first_(none),
      expires_last_(none) {
  RELAY_CHECK(limits.nonces_max < none);
}

NonceStore::~NonceStore() = default;

NonceDecision NonceStore::begin(std::string_view nonce, const Digest& fingerprint, NonceWaiter waiter) {
  const Key key = key_of(nonce);
  const SteadyTime now = clock_.steady();
  const std::lock_guard lock(mutex_);
  evict_expired(now);
  const Slot slot = find(key);
  if (slot == none) return start(key, fingerprint);
  if (is_over(slot, now)) {
    remove(slot);
    return start(key, fingerprint);
  }
  return join(slot, fingerprint, waiter);
}

std::vector<NonceWaiter> NonceStore::complete(const NonceClaim& claim, std::string_view id,
                                              std::string_view issued_at) {
  RELAY_CHECK(id.size() <= answer_text_bytes_max && issued_at.size() <= answer_text_bytes_max);
  const SteadyTime now = clock_.steady();
  const std::lock_guard lock(mutex_);
  const Slot slot = find_claimed(claim);
  if (slot == none) return {};
  Entry& entry = entries_[slot];
  entry.id_bytes = static_cast<std::uint8_t>(id.size());
  entry.answer_bytes = static_cast<std::uint8_t>(id.size() + issued_at.size());
  if (entry.answer_bytes <= inline_answer_bytes) {
    std::ranges::copy(id, entry.answer.begin());
    std::ranges::copy(issued_at, entry.answer.begin() + entry.id_bytes);
  } else {
    entry.long_answer = std::make_unique<std::string>(std::string(id).append(issued_at));
  }
  entry.state = State::remembered;
  enter_expiry_order(slot, now);
  return take_waiters(slot);
}

std::vector<NonceWaiter> NonceStore::abandon(const NonceClaim& claim) {
  const std::lock_guard lock(mutex_);
  const Slot slot = find_claimed(claim);
  if (slot == none) return {};
  std::vector<NonceWaiter> waiting = take_waiters(slot);
  remove(slot);
  return waiting;
}

std::vector<NonceWaiter> NonceStore::leave_unknown(const NonceClaim& claim) {
  const SteadyTime now = clock_.steady();
  const std::lock_guard lock(mutex_);
  const Slot slot = find_claimed(claim);
  if (slot == none) return {};
  entries_[slot].state = State::unknown;
  enter_expiry_order(slot, now);
  return take_waiters(slot);
}

bool NonceStore::withdraw(std::string_view nonce, NonceWaiter waiter) {
  const Key key = key_of(nonce);
  const std::lock_guard lock(mutex_);
  const auto waiting = waiters_.find(find(key));
  if (waiting == waiters_.end()) return false;
  const bool was_there = std::erase(waiting->second, waiter) > 0;
  if (waiting->second.empty()) waiters_.erase(waiting);
  return was_there;
}

std::size_t NonceStore::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

NonceStore::Key NonceStore::key_of(std::string_view nonce) const {
  const Digest digest = hash_key_.sign(nonce);
  Key key;
  std::memcpy(key.data(), digest.data(), sizeof(key));
  return key;
}

NonceStore::Slot& NonceStore::bucket_of(const Key& key) noexcept {
  return buckets_[key[0] & (buckets_.size() - 1)];
}

NonceStore::Slot NonceStore::find(const Key& key) const noexcept {
  Slot slot = buckets_[key[0] & (buckets_.size() - 1)];
  while (slot != none && entries_[slot].key != key) slot = entries_[slot].chain_next;
  return slot;
}

NonceStore::Slot NonceStore::find_claimed(const NonceClaim& claim) const noexcept {
  const Slot slot = find(claim.key);
  if (slot == none || entries_[slot].serial != claim.serial) return none;
  return entries_[slot].state == State::remembered ? none : slot;
}

// Those who wait for news of an unknown fate keep it alive.
bool NonceStore::is_over(Slot slot, SteadyTime now) const {
  const Entry& entry = entries_[slot];
  return entry.state != State::in_progress && entry.expires_at <= now && !waiters_.contains(slot);
}

NonceDecision NonceStore::join(Slot slot, const Digest& fingerprint, NonceWaiter waiter) {
  const Entry& entry = entries_[slot];
  if (entry.fingerprint != fingerprint) return {.verdict = NonceVerdict::conflict};
  if (entry.state == State::remembered) {
    const std::string_view answer = entry.long_answer
                                        ? std::string_view(*entry.long_answer)
                                        : std::string_view(entry.answer.data(), entry.answer_bytes);
    return {.verdict = NonceVerdict::duplicate,
            .id = std::string(answer.substr(0, entry.id_bytes)),
            .issued_at = std::string(answer.substr(entry.id_bytes))};
  }
  std::vector<NonceWaiter>& waiting = waiters_[slot];
  if (waiting.size() >= limits_.waiters_max) return {.verdict = NonceVerdict::crowded};
  waiting.push_back(waiter);
  return {.verdict = NonceVerdict::in_progress};
}

NonceDecision NonceStore::start(const Key& key, const Digest& fingerprint) {
  if (size_ >= limits_.nonces_max) return {.verdict = NonceVerdict::full};
  Slot slot = free_;
  if (slot == none) {
    slot = static_cast<Slot>(entries_.size());
    entries_.emplace_back();
  } else {
    free_ = entries_[slot].chain_next;
  }
  Entry& entry = entries_[slot];
  entry.key = key;
  entry.fingerprint = fingerprint;
  entry.serial = ++serial_;
  entry.state = State::in_progress;
  entry.chain_next = std::exchange(bucket_of(key), slot);
  ++size_;
  return {.verdict = NonceVerdict::started, .claim = {key, entry.serial}};
}

std::vector<NonceWaiter> NonceStore::take_waiters(Slot slot) {
  auto node = waiters_.extract(slot);
  return node ? std::move(node.mapped()) : std::vector<NonceWaiter>();
}

void NonceStore::enter_expiry_order(Slot slot, SteadyTime now) noexcept {
  leave_expiry_order(slot);
  Entry& entry = entries_[slot];
  entry.expires_at = now + limits_.ttl;
  entry.is_expiring = true;
  entry.expires_previous = expires_last_;
  entry.expires_next = none;
  (expires_last_ == none ? expires_first_ : entries_[expires_last_].expires_next) = slot;
  expires_last_ = slot;
}

void NonceStore::leave_expiry_order(Slot slot) noexcept {
  Entry& entry = entries_[slot];
  if (!std::exchange(entry.is_expiring, false)) return;
  (entry.expires_previous == none ? expires_first_ : entries_[entry.expires_previous].expires_next) =
      entry.expires_next;
  (entry.expires_next == none ? expires_last_ : entries_[entry.expires_next].expires_previous) =
      entry.expires_previous;
}

void NonceStore::remove(Slot slot) {
  leave_expiry_order(slot);
  Entry& entry = entries_[slot];
  Slot* link = &bucket_of(entry.key);
  while (*link != slot) link = &entries_[*link].chain_next;
  *link = entry.chain_next;
  entry.long_answer.reset();
  entry.state = State::free;
  entry.chain_next = std::exchange(free_, slot);
  --size_;
}

void NonceStore::evict_expired(SteadyTime now) {
  for (std::size_t i = 0; i < evictions_max && expires_first_ != none; ++i) {
    const Slot slot = expires_first_;
    if (entries_[slot].expires_at > now) return;
    if (is_over(slot, now)) {
      remove(slot);
    } else {
      enter_expiry_order(slot, now);
    }
  }
}

}  // namespace relay
