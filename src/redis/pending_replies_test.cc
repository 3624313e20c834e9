#include "redis/pending_replies.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace relay {
namespace {

using std::chrono::seconds;

RedisReply bulk_of(std::string text) {
  return {.kind = RedisReply::Kind::bulk, .text = std::move(text)};
}

RedisReply array_of(std::string first, std::string second, std::int64_t third) {
  return {.kind = RedisReply::Kind::array,
          .elements = {bulk_of(std::move(first)),
                       bulk_of(std::move(second)),
                       {.kind = RedisReply::Kind::integer, .integer = third}}};
}

const RedisReply ok{.kind = RedisReply::Kind::status, .text = "OK"};
const RedisReply refused{.kind = RedisReply::Kind::error, .text = "NOPERM no"};

class PendingRepliesTest : public ::testing::Test {
 protected:
  RedisCallback note(std::string name) {
    return [this, text = std::move(name)](const RedisReply& reply) {
      heard_.push_back(text + (reply.is_lost() ? " lost" : reply.is_error() ? " error" : " ok"));
    };
  }

  // Hands the reply to whom it belongs; what is a push or unasked is noted as well.
  void take(const RedisReply& reply) {
    auto match = pending_.match(reply);
    if (match.is_push) heard_.emplace_back("push");
    if (match.is_unasked) heard_.emplace_back("unasked");
    if (match.callback) match.callback(RedisReply(reply));
  }

  using Names = std::vector<std::string>;
  PendingReplies pending_;
  Names heard_;
  const SteadyTime start_{seconds(100)};
};

TEST_F(PendingRepliesTest, AnswersInTheOrderOfTheCommands) {
  pending_.add(note("a"), start_);
  pending_.add({}, start_);
  pending_.add(note("b"), start_);

  for (const RedisReply& reply : {ok, ok, refused, ok}) take(reply);

  EXPECT_EQ(heard_, (Names{"a ok", "b error", "unasked"}));
}

TEST_F(PendingRepliesTest, AnArrayLikeAPushIsAnAnswerWhileNobodySubscribed) {
  pending_.add(note("lrange"), start_);
  pending_.add_subscription(note("subscribe"), start_, 1);

  take(array_of("message", "channel", 1));

  EXPECT_EQ(heard_, Names{"lrange ok"});
}

TEST_F(PendingRepliesTest, ASubscriptionIsAnsweredByItsLastConfirmation) {
  pending_.add_subscription(note("subscribe"), start_, 2);
  pending_.add(note("ping"), start_);

  take(array_of("subscribe", "a", 1));
  take(array_of("message", "a", 0));
  take(array_of("subscribe", "b", 2));
  take(array_of("message", "a", 0));
  take(ok);

  EXPECT_EQ(heard_, (Names{"push", "push", "push", "subscribe ok", "push", "ping ok"}));
}

TEST_F(PendingRepliesTest, ASubscriptionMayBeRefused) {
  pending_.add_subscription(note("subscribe"), start_, 2);

  take(refused);

  EXPECT_EQ(heard_, Names{"subscribe error"});
  EXPECT_EQ(pending_.size(), 0U);
}

TEST_F(PendingRepliesTest, NothingElseAnswersASubscription) {
  pending_.add_subscription(note("subscribe"), start_, 1);

  take(ok);
  take(array_of("message", "a", 0));

  EXPECT_EQ(heard_, (Names{"unasked", "unasked"}));
}

TEST_F(PendingRepliesTest, AConfirmationThatNobodyAskedForIsAPush) {
  pending_.add_subscription(note("subscribe"), start_, 1);
  take(array_of("ssubscribe", "a", 1));

  take(array_of("sunsubscribe", "a", 0));

  EXPECT_EQ(heard_, (Names{"push", "subscribe ok", "push"}));
}

TEST_F(PendingRepliesTest, ACommandBehindASlowOneHasItsTimeToo) {
  pending_.add({}, start_ + seconds(30));
  pending_.add({}, start_ + seconds(2));
  EXPECT_EQ(pending_.deadline(), start_ + seconds(30));

  take(ok);
  EXPECT_EQ(pending_.deadline(), start_ + seconds(30));
  take(ok);
  EXPECT_EQ(pending_.deadline(), std::nullopt);
}

TEST_F(PendingRepliesTest, EachCallbackHearsOnceThatItsReplyIsLost) {
  pending_.add(note("a"), start_);
  pending_.add({}, start_);
  pending_.add_subscription(
      [this](const RedisReply& reply) {
        heard_.emplace_back(reply.is_lost() ? "b lost" : "b");
        pending_.lose_all();
      },
      start_, 1);
  pending_.add(note("c"), start_);

  pending_.lose_all();

  EXPECT_EQ(heard_, (Names{"a lost", "b lost", "c lost"}));
}

}  // namespace
}  // namespace relay
