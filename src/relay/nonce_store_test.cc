#include "relay/nonce_store.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <map>
#include <optional>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace relay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using enum NonceVerdict;

const Digest body = sha256("body");
const Digest other_body = sha256("other body");
constexpr std::string_view issued_at = "2026-01-31T12:00:00.000Z";
constexpr NonceWaiter waiter_1{1, 100};
constexpr NonceWaiter waiter_2{2, 200};
constexpr NonceWaiter waiter_3{3, 300};

class NonceStoreTest : public testing::Test {
 protected:
  ManualClock clock_;
  NonceStore store_{clock_, {.nonces_max = 3, .ttl = std::chrono::seconds(10), .waiters_max = 2}};

  NonceDecision begin(std::string_view nonce, NonceWaiter waiter = {}) {
    return store_.begin(nonce, body, waiter);
  }

  void remember(std::string_view nonce) {
    const NonceDecision decision = begin(nonce);
    ASSERT_EQ(decision.verdict, started);
    EXPECT_THAT(store_.complete(decision.claim, nonce, issued_at), IsEmpty());
  }
};

TEST_F(NonceStoreTest, ARepeatIsADuplicateOfWhatWasAccepted) {
  const NonceDecision first = begin("nonce-1");
  EXPECT_EQ(first.verdict, started);
  EXPECT_THAT(store_.complete(first.claim, "id-1", issued_at), IsEmpty());

  const NonceDecision second = begin("nonce-1");

  EXPECT_EQ(second.verdict, duplicate);
  EXPECT_EQ(second.id, "id-1");
  EXPECT_EQ(second.issued_at, issued_at);
}

TEST_F(NonceStoreTest, KeepsLongAnswersWhole) {
  const std::string id(64, 'i');
  const std::string time(64, 't');
  (void)store_.complete(begin("nonce-1").claim, id, time);
  (void)store_.complete(begin("nonce-2").claim, "", "");

  EXPECT_EQ(begin("nonce-1").id, id);
  EXPECT_EQ(begin("nonce-1").issued_at, time);
  EXPECT_EQ(begin("nonce-2").verdict, duplicate);
  EXPECT_EQ(begin("nonce-2").id, "");
}

TEST_F(NonceStoreTest, AnotherBodyIsAConflict) {
  const NonceDecision first = begin("nonce-1");
  EXPECT_EQ(store_.begin("nonce-1", other_body, {}).verdict, conflict);
  (void)store_.leave_unknown(first.claim);
  EXPECT_EQ(store_.begin("nonce-1", other_body, {}).verdict, conflict);
  (void)store_.complete(first.claim, "id-1", issued_at);
  EXPECT_EQ(store_.begin("nonce-1", other_body, {}).verdict, conflict);
  EXPECT_EQ(begin("nonce-1").verdict, duplicate);
}

TEST_F(NonceStoreTest, TwinsWaitForTheFirst) {
  const NonceDecision first = begin("nonce-1");
  EXPECT_EQ(begin("nonce-1", waiter_1).verdict, in_progress);
  EXPECT_EQ(begin("nonce-1", waiter_2).verdict, in_progress);

  EXPECT_THAT(store_.complete(first.claim, "id-1", issued_at), ElementsAre(waiter_1, waiter_2));
  EXPECT_THAT(store_.complete(first.claim, "id-2", issued_at), IsEmpty());
  EXPECT_EQ(begin("nonce-1").id, "id-1");
}

TEST_F(NonceStoreTest, OnlySoManyWait) {
  const NonceDecision first = begin("nonce-1");
  (void)begin("nonce-1", waiter_1);
  (void)begin("nonce-1", waiter_2);

  EXPECT_EQ(begin("nonce-1", waiter_3).verdict, crowded);
  EXPECT_TRUE(store_.withdraw("nonce-1", waiter_1));
  EXPECT_EQ(begin("nonce-1", waiter_3).verdict, in_progress);
  EXPECT_THAT(store_.abandon(first.claim), ElementsAre(waiter_2, waiter_3));
}

TEST_F(NonceStoreTest, AWaiterLeavesOnce) {
  const NonceDecision first = begin("nonce-1");
  (void)begin("nonce-1", waiter_1);

  EXPECT_FALSE(store_.withdraw("nonce-1", waiter_2));
  EXPECT_FALSE(store_.withdraw("nonce-2", waiter_1));
  EXPECT_TRUE(store_.withdraw("nonce-1", waiter_1));
  EXPECT_FALSE(store_.withdraw("nonce-1", waiter_1));
  EXPECT_THAT(store_.complete(first.claim, "id-1", issued_at), IsEmpty());
}

TEST_F(NonceStoreTest, WhatWasAbandonedIsFree) {
  const NonceDecision first = begin("nonce-1");
  (void)begin("nonce-1", waiter_1);

  EXPECT_THAT(store_.abandon(first.claim), ElementsAre(waiter_1));
  EXPECT_EQ(store_.size(), 0U);
  EXPECT_EQ(store_.begin("nonce-1", other_body, {}).verdict, started);
}

TEST_F(NonceStoreTest, AnUnknownFateIsSettledHoweverLate) {
  const NonceDecision first = begin("nonce-1");
  (void)begin("nonce-1", waiter_1);

  EXPECT_THAT(store_.leave_unknown(first.claim), ElementsAre(waiter_1));
  clock_.advance(std::chrono::seconds(9));
  EXPECT_EQ(begin("nonce-1", waiter_2).verdict, in_progress);
  EXPECT_THAT(store_.complete(first.claim, "id-1", issued_at), ElementsAre(waiter_2));

  clock_.advance(std::chrono::seconds(9));
  EXPECT_EQ(begin("nonce-1").verdict, duplicate);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(begin("nonce-1").verdict, started);
}

TEST_F(NonceStoreTest, AnUnknownFateMayTurnOutToBeNothing) {
  const NonceDecision first = begin("nonce-1");
  (void)store_.leave_unknown(first.claim);
  (void)begin("nonce-1", waiter_1);

  EXPECT_THAT(store_.abandon(first.claim), ElementsAre(waiter_1));
  EXPECT_EQ(begin("nonce-1").verdict, started);
}

TEST_F(NonceStoreTest, AnUnknownFateIsForgottenWhenNobodyWaits) {
  const NonceDecision first = begin("nonce-1");
  (void)store_.leave_unknown(first.claim);
  (void)begin("nonce-1", waiter_1);
  clock_.advance(std::chrono::seconds(11));
  EXPECT_EQ(begin("nonce-1", waiter_2).verdict, in_progress);
  EXPECT_TRUE(store_.withdraw("nonce-1", waiter_1));
  EXPECT_TRUE(store_.withdraw("nonce-1", waiter_2));
  clock_.advance(std::chrono::seconds(11));

  const NonceDecision second = begin("nonce-1");

  EXPECT_EQ(second.verdict, started);
  // The first claim says nothing about the second publish.
  EXPECT_THAT(store_.complete(first.claim, "id-1", issued_at), IsEmpty());
  EXPECT_THAT(store_.abandon(first.claim), IsEmpty());
  EXPECT_EQ(begin("nonce-1", waiter_1).verdict, in_progress);
  EXPECT_THAT(store_.complete(second.claim, "id-2", issued_at), ElementsAre(waiter_1));
}

TEST_F(NonceStoreTest, RemembersForItsTimeFromTheCompletion) {
  const NonceDecision first = begin("nonce-1");
  clock_.advance(std::chrono::seconds(100));
  EXPECT_EQ(begin("nonce-1", waiter_1).verdict, in_progress);
  (void)store_.complete(first.claim, "id-1", issued_at);

  clock_.advance(std::chrono::milliseconds(9999));
  EXPECT_EQ(begin("nonce-1").verdict, duplicate);
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(begin("nonce-1").verdict, started);
}

TEST_F(NonceStoreTest, WhenFullForgetsNoneEarly) {
  remember("nonce-1");
  clock_.advance(std::chrono::seconds(1));
  remember("nonce-2");
  const NonceDecision third = begin("nonce-3");

  EXPECT_EQ(begin("nonce-4").verdict, full);
  EXPECT_EQ(begin("nonce-1").verdict, duplicate);
  EXPECT_EQ(begin("nonce-3", waiter_1).verdict, in_progress);
  EXPECT_THAT(store_.abandon(third.claim), ElementsAre(waiter_1));
  remember("nonce-4");
  EXPECT_EQ(begin("nonce-5").verdict, full);
  clock_.advance(std::chrono::seconds(9));
  EXPECT_EQ(store_.size(), 3U);
  remember("nonce-5");
  EXPECT_EQ(store_.size(), 3U);
  EXPECT_EQ(begin("nonce-2").verdict, duplicate);
}

TEST(NonceStore, DoesWhatASimpleTableDoes) {
  struct Model {
    std::optional<NonceClaim> claim;  // in progress
    SteadyTime over_at;
    std::string id;
  };
  ManualClock clock;
  constexpr std::size_t nonces_max = 40;
  NonceStore store(clock, {.nonces_max = nonces_max, .ttl = std::chrono::seconds(20), .waiters_max = 4});
  std::map<std::string, Model> table;
  std::mt19937 random(7);

  for (int step = 0; step < 20000; ++step) {
    clock.advance(std::chrono::milliseconds(random() % 900));
    std::erase_if(table,
                  [&](const auto& row) { return !row.second.claim && row.second.over_at <= clock.steady(); });
    const std::string nonce = "nonce-" + std::to_string(random() % 100);
    const auto row = table.find(nonce);
    if (row == table.end()) {
      const NonceDecision decision = store.begin(nonce, body, {});
      ASSERT_EQ(decision.verdict, table.size() < nonces_max ? started : full);
      if (decision.verdict == started) table[nonce].claim = decision.claim;
    } else if (!row->second.claim) {
      ASSERT_EQ(store.begin(nonce, body, {}).id, row->second.id);
    } else if (random() % 2 == 0) {
      (void)store.abandon(*row->second.claim);
      table.erase(row);
    } else {
      const NonceClaim claim = *row->second.claim;
      row->second = {std::nullopt, clock.steady() + std::chrono::seconds(20), std::to_string(step)};
      (void)store.complete(claim, row->second.id, issued_at);
    }
  }
}

// Every thread asks with every nonce at about the same time; what it is told to wait for is handed back to
// it.
TEST(NonceStore, OfManyThreadsExactlyOneStarts) {
  constexpr std::uint32_t threads_count = 8;
  constexpr std::size_t rounds = 300;
  const SystemClock clock;
  NonceStore store(clock, {});
  std::barrier round_begins(threads_count);
  std::array<std::atomic<int>, rounds> starts{};
  std::array<std::atomic<int>, rounds> answers{};
  std::vector<std::jthread> threads;

  for (std::uint32_t worker = 0; worker < threads_count; ++worker) {
    threads.emplace_back([&, worker] {
      for (std::size_t round = 0; round < rounds; ++round) {
        round_begins.arrive_and_wait();
        const std::string nonce = "nonce-" + std::to_string(round);
        const NonceDecision decision = store.begin(nonce, body, {worker, round});
        if (decision.verdict == duplicate) ++answers[round];
        if (decision.verdict != started) continue;
        ++starts[round];
        const auto waiting = store.complete(decision.claim, "id", issued_at);
        answers[round] += 1 + static_cast<int>(waiting.size());
      }
    });
  }
  threads.clear();

  EXPECT_THAT(starts, testing::Each(testing::Eq(1)));
  EXPECT_THAT(answers, testing::Each(testing::Eq(static_cast<int>(threads_count))));
}

}  // namespace
}  // namespace relay
