#include <chrono>

#include <gtest/gtest.h>

#include "cluster/bus_publisher.h"
#include "cluster/bus_publisher_fixture.h"

namespace relay {
namespace {

using std::chrono::milliseconds;

class BusPublisherBatchTest : public BusPublisherFixture {};

TEST_F(BusPublisherBatchTest, OfABatchThatWasNeverRunOnlyWhatIsOverdueIsGivenUp) {
  const RedisServer server;
  open(server);
  link_->close();  // it takes nothing any more
  publisher_.take(event("one", 1));
  advance(timeout / 2);
  publisher_.take(event("two", 2));
  publisher_.take(event("three", 3));
  publisher_.pump();
  publish(event("four", 4));  // behind the batch
  advance(timeout / 2);

  EXPECT_EQ(fate(1), PublishFate::unavailable) << "certainly";
  EXPECT_FALSE(has_outcome(2));
  publisher_.on_link_down();
  link_up(server);

  EXPECT_EQ(await_fate(4), PublishFate::accepted);
  EXPECT_EQ(fate(2), PublishFate::accepted);
  EXPECT_EQ(fate(3), PublishFate::accepted);
  EXPECT_EQ(came_, (Names{"two", "three", "four"})) << "in their order";
}

TEST_F(BusPublisherBatchTest, ACanaryThatGotLostIsFollowedByAnother) {
  const RedisServer server;
  listen(server);
  link_up(server);
  publisher_.set_open(true);
  link_->close();
  ASSERT_TRUE(publisher_.send_canary());
  EXPECT_FALSE(publisher_.send_canary());
  advance(timeout);
  publisher_.on_link_down();
  link_up(server);
  publish(event("one", 1));
  EXPECT_TRUE(publisher_.send_canary());
  EXPECT_EQ(await_fate(1), PublishFate::accepted);
}

TEST_F(BusPublisherBatchTest, TheAnswerIsToldThoughAllHasComeBackBefore) {
  const RedisServer server;
  open(server);
  publish(event("one", 1));
  EXPECT_TRUE(publisher_.take_back(2).has_value()) << "the messages come over another connection";

  publisher_.tick();

  ASSERT_TRUE(run_until([&] { return came_.size() == 1 && link_->pending_count() == 0; }));
  EXPECT_EQ(answers_.size(), 1U) << "it tells the epoch";
}

}  // namespace
}  // namespace relay
