#include "relay/publisher.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include "hub/cluster_bus.h"

namespace relay {
namespace {

using std::chrono::milliseconds;

// A bus that does as it is told: says yes, says no and why, or says nothing until it is asked again.
class StubBus final : public ClusterBus {
 public:
  enum class Mood { accept, refuse, silent };

  explicit StubBus(EventLog& log) : log_(log) {}
  void publish(NewEvent event) override { taken_.push_back(std::move(event)); }
  void flush() override {
    if (mood == Mood::silent) return;
    for (NewEvent& event : taken_) {
      ++published;
      last_once = event.once;
      if (mood == Mood::accept) log_.append(std::span(&event, 1));
      if (mood == Mood::refuse) log_.refuse(event.ticket, fate, earlier);
    }
    taken_.clear();
  }

  Mood mood = Mood::accept;
  PublishFate fate = PublishFate::unavailable;  // of what is refused
  std::shared_ptr<const EarlierPublish> earlier;
  std::size_t published = 0;
  std::shared_ptr<const OnceKey> last_once;

 private:
  EventLog& log_;
  std::vector<NewEvent> taken_;
};

class PublisherTest : public ::testing::Test {
 protected:
  explicit PublisherTest(PublisherOptions options = {.format = {}, .bus_timeout = milliseconds(2000)})
      : options_(std::move(options)) {}

  // Publishes and lets the turn end; the result, if it came.
  std::optional<PublishResult> publish(const PublishRequest& request,
                                       std::optional<milliseconds> receipt_timeout = {}) {
    auto result = std::make_shared<std::optional<PublishResult>>();
    publisher_.publish(request, loop_.now(), "r-1", receipt_timeout,
                       [result](const PublishResult& came) { *result = came; });
    results_.push_back(result);
    turn();
    return *result;
  }
  void turn() {
    loop_.wait(milliseconds(0));
    hub_.begin_turn();
    loop_.dispatch();
    while (hub_.run_log()) {
    }
    static_cast<void>(hub_.prepare_to_sleep());
  }
  static PublishRequest request(std::optional<std::string> nonce = {}, std::string_view payload = "1") {
    PublishRequest event;
    event.targets = {"room"};
    event.type = "a.b";
    event.payload_json = payload;
    event.nonce = std::move(nonce);
    return event;
  }

  const PublisherOptions options_;
  ManualClock clock_;
  EventLog log_{{.workers_count = 1}, clock_, [](unsigned) {}};
  StubBus bus_{log_};
  EventLoop loop_{clock_, milliseconds(1)};
  HubShared shared_;
  LocalHub hub_{0, {}, loop_, log_, bus_, shared_};
  NonceStore nonces_{clock_, {.nonces_max = 3, .ttl = std::chrono::seconds(60)}};
  int nowhere_ = open("/dev/null", O_WRONLY);
  Log lines_{{.level = LogLevel::info, .node = "n", .descriptor = nowhere_}, clock_};
  Publisher publisher_{hub_, nonces_, lines_, options_,
                       [](unsigned, std::move_only_function<void(Publisher&)>) {}};
  std::vector<std::shared_ptr<std::optional<PublishResult>>> results_;
};

TEST_F(PublisherTest, IsAcceptedWhenTheBusBringsItBack) {
  const auto result = publish(request());
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->verdict, PublishVerdict::accepted);
  EXPECT_EQ(result->id.size(), offset_length);
  EXPECT_EQ(result->recipients, 0U);
  EXPECT_EQ(publisher_.probe().accepted.value(), 1U);
}

TEST_F(PublisherTest, IsCertainlyNotDoneWhenTheBusRefuses) {
  bus_.mood = StubBus::Mood::refuse;
  const auto result = publish(request("nonce-01"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->verdict, PublishVerdict::not_done);

  bus_.mood = StubBus::Mood::accept;
  EXPECT_EQ(publish(request("nonce-01"))->verdict, PublishVerdict::accepted);  // the nonce is free again
}

TEST_F(PublisherTest, IsUnknownWhenTheBusDoesNotAnswerInTime) {
  bus_.mood = StubBus::Mood::silent;
  EXPECT_FALSE(publish(request()).has_value());
  clock_.advance(milliseconds(1990));
  turn();
  EXPECT_FALSE(results_[0]->has_value());

  clock_.advance(milliseconds(20));
  turn();

  ASSERT_TRUE(results_[0]->has_value());
  EXPECT_EQ((*results_[0])->verdict, PublishVerdict::unknown);
}

TEST_F(PublisherTest, ARetryLearnsTheFateOfAPublishThatTimedOut) {
  bus_.mood = StubBus::Mood::silent;
  EXPECT_FALSE(publish(request("nonce-02")).has_value());
  clock_.advance(milliseconds(2010));
  turn();
  EXPECT_EQ((*results_[0])->verdict, PublishVerdict::unknown);

  EXPECT_FALSE(publish(request("nonce-02")).has_value());  // waits for the first one's news
  bus_.mood = StubBus::Mood::accept;
  turn();

  ASSERT_TRUE(results_[1]->has_value());
  EXPECT_EQ((*results_[1])->verdict, PublishVerdict::duplicate);
  EXPECT_EQ(bus_.published, 1U);
  EXPECT_EQ(publish(request("nonce-02"))->verdict, PublishVerdict::duplicate);
}

TEST_F(PublisherTest, ATwinWaitsForTheFirstAndGetsItsAnswer) {
  bus_.mood = StubBus::Mood::silent;
  EXPECT_FALSE(publish(request("nonce-03")).has_value());
  EXPECT_FALSE(publish(request("nonce-03")).has_value());
  EXPECT_EQ(publish(request("nonce-03", "2"))->verdict, PublishVerdict::conflict);
  bus_.mood = StubBus::Mood::accept;
  turn();

  EXPECT_EQ((*results_[0])->verdict, PublishVerdict::accepted);
  EXPECT_EQ((*results_[1])->verdict, PublishVerdict::duplicate);
  EXPECT_EQ((*results_[1])->id, (*results_[0])->id);
  EXPECT_EQ(bus_.published, 1U);
}

TEST_F(PublisherTest, ATwinDoesNotWaitForEver) {
  bus_.mood = StubBus::Mood::silent;
  EXPECT_FALSE(publish(request("nonce-08")).has_value());
  clock_.advance(milliseconds(2010));
  turn();
  EXPECT_FALSE(publish(request("nonce-08")).has_value());

  clock_.advance(milliseconds(2010));
  turn();

  ASSERT_TRUE(results_[1]->has_value());
  EXPECT_EQ((*results_[1])->verdict, PublishVerdict::unknown);
}

TEST_F(PublisherTest, ANewNonceIsRefusedWhenTooManyAreRemembered) {
  for (const char* nonce : {"nonce-04", "nonce-05", "nonce-06"}) {
    EXPECT_EQ(publish(request(nonce))->verdict, PublishVerdict::accepted);
  }
  EXPECT_EQ(publish(request("nonce-07"))->verdict, PublishVerdict::not_done);
  EXPECT_EQ(publish(request("nonce-04"))->verdict, PublishVerdict::duplicate);
}

TEST_F(PublisherTest, TheTimestampIsCopiedAndElseTheClockTells) {
  PublishRequest dated = request();
  dated.timestamp = "2020-02-29T23:59:59Z";
  EXPECT_EQ(publish(dated)->issued_at, "2020-02-29T23:59:59Z");
  EXPECT_EQ(publish(request())->issued_at.size(), 24U);
}

TEST_F(PublisherTest, WaitsForNobodyWhereNobodyIs) {
  const auto result = publish(request(), milliseconds(500));
  ASSERT_TRUE(result.has_value());
  ASSERT_TRUE(result->receipts.has_value());
  EXPECT_EQ(result->receipts->confirmed, 0U);
  EXPECT_EQ(shared_.open_receipts, 0U);
}

TEST_F(PublisherTest, ARefusedPublishWaitsForNoReceipts) {
  bus_.mood = StubBus::Mood::refuse;
  const auto result = publish(request("nonce-09"), milliseconds(500));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->verdict, PublishVerdict::not_done);
  EXPECT_FALSE(result->receipts.has_value());
  EXPECT_EQ(shared_.open_receipts, 0U);
}

TEST_F(PublisherTest, APublishOfUnknownFateWaitsForNoReceipts) {
  bus_.mood = StubBus::Mood::silent;
  EXPECT_FALSE(publish(request("nonce-10"), milliseconds(500)).has_value());
  EXPECT_EQ(shared_.open_receipts, 1U);
  clock_.advance(milliseconds(2100));
  turn();
  ASSERT_TRUE(results_.back()->has_value());
  EXPECT_EQ((*results_.back())->verdict, PublishVerdict::unknown);
  EXPECT_EQ(shared_.open_receipts, 0U);
}

TEST_F(PublisherTest, SaysNoBeforeItPublishesWhenTooManyWaitForReceipts) {
  for (Handle ticket = 1; ticket <= ReceiptBook::receipts_max; ++ticket) {
    ASSERT_TRUE(hub_.receipts().open(ticket << 40U));
  }
  const auto result = publish(request("nonce-11"), milliseconds(500));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->verdict, PublishVerdict::not_done);
  EXPECT_EQ(bus_.published, 0U);
  EXPECT_EQ(publish(request("nonce-11"))->verdict, PublishVerdict::accepted) << "the nonce is free";
}

// ---- where the bus remembers the nonces

class PublisherOverBusTest : public PublisherTest {
 protected:
  PublisherOverBusTest() : PublisherTest({.format = {}, .bus_remembers_nonces = true}) {}

  PublishVerdict verdict_of(PublishFate fate) {
    bus_.mood = StubBus::Mood::refuse;
    bus_.fate = fate;
    const auto result = publish(request("nonce-01"));
    EXPECT_TRUE(result.has_value());
    return result ? result->verdict : PublishVerdict::unknown;
  }
};

TEST_F(PublisherOverBusTest, TheOnceKeyGoesWithTheEvent) {
  const auto result = publish(request("nonce-01"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->verdict, PublishVerdict::accepted);
  ASSERT_NE(bus_.last_once, nullptr);
  EXPECT_EQ(bus_.last_once->text, "nonce-01");
  EXPECT_EQ(bus_.last_once->note, result->issued_at) << "a duplicate is told it";
  const OnceKey first = *bus_.last_once;

  static_cast<void>(publish(request("nonce-01")));
  EXPECT_EQ(bus_.last_once->fingerprint, first.fingerprint) << "the same request";
  static_cast<void>(publish(request("nonce-01", "2")));
  EXPECT_NE(bus_.last_once->fingerprint, first.fingerprint) << "another one";
  EXPECT_EQ(bus_.published, 3U) << "it is the bus that decides";

  static_cast<void>(publish(request()));
  EXPECT_EQ(bus_.last_once, nullptr);
}

TEST_F(PublisherOverBusTest, ADuplicateIsToldWhatTheFirstOneWas) {
  bus_.mood = StubBus::Mood::refuse;
  bus_.fate = PublishFate::duplicate;
  bus_.earlier = std::make_shared<const EarlierPublish>(EarlierPublish{"Q84z6u.00000000007", "then"});

  const auto result = publish(request("nonce-01"));

  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->verdict, PublishVerdict::duplicate);
  EXPECT_EQ(result->id, "Q84z6u.00000000007");
  EXPECT_EQ(result->issued_at, "then");
  EXPECT_EQ(publisher_.probe().duplicates.value(), 1U);
  EXPECT_EQ(publisher_.probe().accepted.value(), 0U);
}

TEST_F(PublisherOverBusTest, WhatTheBusSaysBecomesTheVerdict) {
  EXPECT_EQ(verdict_of(PublishFate::conflict), PublishVerdict::conflict);
  EXPECT_EQ(verdict_of(PublishFate::full), PublishVerdict::not_done);
  EXPECT_EQ(verdict_of(PublishFate::unavailable), PublishVerdict::not_done);
  EXPECT_EQ(verdict_of(PublishFate::overloaded), PublishVerdict::not_done);
  EXPECT_EQ(verdict_of(PublishFate::unknown), PublishVerdict::unknown);
  EXPECT_EQ((*results_[3])->overloaded, true);
  EXPECT_EQ((*results_[1])->overloaded, false);
}

TEST_F(PublisherOverBusTest, NoneOfThemWaitsForReceipts) {
  bus_.mood = StubBus::Mood::refuse;
  bus_.earlier = std::make_shared<const EarlierPublish>();
  for (const PublishFate fate :
       {PublishFate::duplicate, PublishFate::conflict, PublishFate::full, PublishFate::unknown}) {
    bus_.fate = fate;
    const auto result = publish(request("nonce-01"), milliseconds(500));
    ASSERT_TRUE(result.has_value());
    EXPECT_FALSE(result->receipts.has_value());
  }
  EXPECT_EQ(shared_.open_receipts, 0U);
}

TEST_F(PublisherOverBusTest, TwinsBothAskTheBus) {
  bus_.mood = StubBus::Mood::silent;
  EXPECT_FALSE(publish(request("nonce-01")).has_value());
  EXPECT_FALSE(publish(request("nonce-01")).has_value());
  bus_.mood = StubBus::Mood::accept;
  turn();
  EXPECT_EQ(bus_.published, 2U);
  EXPECT_TRUE(results_[0]->has_value());
  EXPECT_TRUE(results_[1]->has_value());
}

TEST_F(PublisherOverBusTest, ALateAnswerHarmsNobody) {
  bus_.mood = StubBus::Mood::silent;
  EXPECT_FALSE(publish(request("nonce-01")).has_value());
  clock_.advance(milliseconds(2010));
  turn();
  ASSERT_TRUE(results_[0]->has_value());
  EXPECT_EQ((*results_[0])->verdict, PublishVerdict::unknown);

  bus_.mood = StubBus::Mood::accept;
  turn();

  EXPECT_EQ((*results_[0])->verdict, PublishVerdict::unknown);
  EXPECT_EQ(bus_.published, 1U);
}

}  // namespace
}  // namespace relay
