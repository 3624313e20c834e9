#pragma once
// The nonces of one node: which publishes are under way and which were accepted, so that a retry fans out at
// most once.
//
//            begin: started
//   (free) ------------------> in progress ---- complete ----> remembered --- ttl ---> (free)
//     ^                         |      |                           ^
//     +-------- abandon --------+      +- leave_unknown -> unknown +  complete, however late
//     ^                                                       |
//     +--------------- abandon, or ttl without any news ------+
//
// Only an accepted publish is remembered, for `ttl` from its completion. A publish of unknown fate (the bus
// did not answer in time) keeps its nonce: later requests with it wait, and whoever learns the fate, however
// late, settles them all.
//
// Bounds: `nonces_max` nonces that are remembered, in progress or unknown; a further one is refused, none is
// forgotten early. `waiters_max` requests that wait for one nonce. 500,000 remembered ones take 75 MB (148
// bytes each, with answers up to inline_answer_bytes): no nonce is kept but 16 bytes of a keyed hash.
//
// Threading: safe from any thread. One mutex, held for a table look-up; never while calling out.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/hmac.h"
#include "base/clock.h"

namespace relay {

// A request that waits, in the words of the worker that holds it.
struct NonceWaiter {
  std::uint32_t worker = 0;
  std::uint64_t ticket = 0;

  friend bool operator==(const NonceWaiter&, const NonceWaiter&) = default;
};

// The right and the duty to say how a publish ended. A claim that was settled, or whose nonce was forgotten
// since, settles nothing more.
struct NonceClaim {
  std::array<std::uint64_t, 2> key{};
  std::uint64_t serial = 0;
};

enum class NonceVerdict : std::uint8_t {
  started,      // publish, then settle `claim`
  duplicate,    // was accepted before: `id`, `issued_at`
  conflict,     // used, or being used, by another body
  in_progress,  // the waiter is queued and will be handed back by what settles the claim
  crowded,      // in progress, and too many wait for it already
  full,         // nothing was done
};

struct NonceDecision {
  NonceVerdict verdict;
  NonceClaim claim{};       // with started
  std::string id{};         // with duplicate
  std::string issued_at{};  // with duplicate
};

struct NonceLimits {
  std::size_t nonces_max = 500'000;
  std::chrono::seconds ttl{3600};
  std::size_t waiters_max = 1000;
};

class NonceStore {
 public:
  NonceStore(const Clock& clock, NonceLimits limits);
  ~NonceStore();
  NonceStore(const NonceStore&) = delete;
  NonceStore& operator=(const NonceStore&) = delete;

  [[nodiscard]] NonceDecision begin(std::string_view nonce, const Digest& fingerprint, NonceWaiter waiter);

  // Accepted: remembers it. Returns who waits for it; they are told that theirs is a duplicate.
  [[nodiscard]] std::vector<NonceWaiter> complete(const NonceClaim& claim, std::string_view id,
                                                  std::string_view issued_at);

  // Certainly not done: frees the nonce. Returns who waits; they are told the same as the first.
  [[nodiscard]] std::vector<NonceWaiter> abandon(const NonceClaim& claim);

  // No answer in time: keeps the nonce. Returns who waits; they are told the same as the first. The claim
  // stays good for complete() and abandon().
  [[nodiscard]] std::vector<NonceWaiter> leave_unknown(const NonceClaim& claim);

  // Takes back a waiter that was queued by begin(): its client left, or it waited long enough. False if it is
  // being handed back by another call already.
  bool withdraw(std::string_view nonce, NonceWaiter waiter);

  // Remembered, in progress and unknown, including those whose time is over and that nobody asked for since.
  [[nodiscard]] std::size_t size() const;

 private:
  using Key = std::array<std::uint64_t, 2>;
  using Slot = std::uint32_t;
  enum class State : std::uint8_t { free, in_progress, unknown, remembered };

  // An answer of up to this many bytes, id and time together, lies in the entry.
  static constexpr std::size_t inline_answer_bytes = 48;

  struct Entry {
    Key key{};
    Digest fingerprint{};
    std::uint64_t serial = 0;
    SteadyTime expires_at;  // unless in progress
    std::unique_ptr<std::string> long_answer;
    std::array<char, inline_answer_bytes> answer;
    Slot chain_next = 0;  // of the bucket, or of the free entries
    Slot expires_previous = 0;
    Slot expires_next = 0;
    bool is_expiring = false;  // whether the two above mean anything
    std::uint8_t id_bytes = 0;
    std::uint8_t answer_bytes = 0;
    State state = State::free;
  };

  [[nodiscard]] Key key_of(std::string_view nonce) const;
  [[nodiscard]] Slot& bucket_of(const Key& key) noexcept;
  [[nodiscard]] Slot find(const Key& key) const noexcept;
  [[nodiscard]] Slot find_claimed(const NonceClaim& claim) const noexcept;
  [[nodiscard]] bool is_over(Slot slot, SteadyTime now) const;
  [[nodiscard]] NonceDecision join(Slot slot, const Digest& fingerprint, NonceWaiter waiter);
  [[nodiscard]] NonceDecision start(const Key& key, const Digest& fingerprint);
  [[nodiscard]] std::vector<NonceWaiter> take_waiters(Slot slot);
  void enter_expiry_order(Slot slot, SteadyTime now) noexcept;
  void leave_expiry_order(Slot slot) noexcept;
  void remove(Slot slot);
  void evict_expired(SteadyTime now);

  const Clock& clock_;
  const NonceLimits limits_;
  const HmacKey hash_key_;  // random: nobody can make nonces that collide

  mutable std::mutex mutex_;  // guards all below
  std::deque<Entry> entries_;
  std::vector<Slot> buckets_;  // heads of chains
  std::unordered_map<Slot, std::vector<NonceWaiter>> waiters_;
  Slot free_;
  Slot expires_first_;  // by time: settled ones are appended, and each lives for the same ttl
  Slot expires_last_;
  std::size_t size_ = 0;
  std::uint64_t serial_ = 0;
};

}  // namespace relay
