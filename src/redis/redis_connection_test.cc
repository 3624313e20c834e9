#include "redis/redis_connection.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "redis/redis_connection_fixture.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

class RedisConnectionTest : public RedisConnectionFixture {};

RedisReply status_of(std::string text) {
  return {.kind = RedisReply::Kind::status, .text = std::move(text)};
}

TEST_F(RedisConnectionTest, Pings) {
  const RedisServer server;
  ASSERT_TRUE(server.runs()) << server.output();
  ASSERT_TRUE(connect(server));

  EXPECT_EQ(ask({"PING"}), status_of("PONG"));
  EXPECT_TRUE(connection_->is_connected());
  EXPECT_EQ(connection_->pending_count(), 0U);
  EXPECT_EQ(connection_->output_bytes(), 0U);
}

TEST_F(RedisConnectionTest, AnswersComeInTheOrderOfTheCommands) {
  const RedisServer server;
  ASSERT_TRUE(connect(server)) << server.output();

  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(connection_->send(RedisCommand{"ECHO"}.add(i), note()).has_value());
  }
  ASSERT_TRUE(run_until([&] { return replies_.size() == 10'000; }));

  for (std::size_t i = 0; i < replies_.size(); ++i) ASSERT_EQ(replies_[i].text, std::to_string(i));
}

TEST_F(RedisConnectionTest, CarriesLargeAndBinaryValues) {
  const RedisServer server;
  ASSERT_TRUE(connect(server)) << server.output();
  std::string value;
  for (std::size_t i = 0; i < 8 * 1024 * 1024; ++i) value += static_cast<char>(i * 31 >> 3U);

  EXPECT_EQ(ask({"SET", std::string_view("a\0\r\n", 4), value}), status_of("OK"));
  EXPECT_EQ(ask({"GET", std::string_view("a\0\r\n", 4)}),
            (RedisReply{.kind = RedisReply::Kind::bulk, .text = value}));
  EXPECT_EQ(ask({"GET", "nothing"}), RedisReply{});
  EXPECT_EQ(ask({"INCR", "n"}), (RedisReply{.kind = RedisReply::Kind::integer, .integer = 1}));
  EXPECT_EQ(ask({"LPUSH", "n", "x"}).error_code(), "WRONGTYPE");
}

TEST_F(RedisConnectionTest, AReplyAboveItsLimitEndsTheConnection) {
  const RedisServer server;
  ASSERT_TRUE(connect({.server = server.endpoint(),
                       .reader_limits = {.bulk_bytes_max = 1000, .unparsed_bytes_max = 128 * 1024}}))
      << server.output();
  ASSERT_TRUE(connection_->send({"ECHO", std::string(1001, 'x')}, note()).has_value());

  ASSERT_TRUE(run_until([&] { return !losses_.empty(); }));

  EXPECT_EQ(losses_, Texts{"sent a reply above the limit"});
  EXPECT_TRUE(replies_.at(0).is_lost());
}

TEST_F(RedisConnectionTest, NamesAWrongPasswordAndNeverRepeatsIt) {
  const RedisServer server{
      {.options = {"--requirepass", "right", "--user", "u", "on", ">mine", "~*", "+@all"}}};
  ASSERT_TRUE(server.runs()) << server.output();
  const RedisEndpoint endpoint = server.endpoint();

  EXPECT_TRUE(connect({.server = endpoint, .password = "right"}));
  EXPECT_TRUE(connect({.server = endpoint, .user = "default", .password = "right"}));
  EXPECT_TRUE(connect({.server = endpoint, .user = "u", .password = "mine"}));
  EXPECT_EQ(loss_of({.server = endpoint, .password = "hunter2"}), "refused the user or the password");
  EXPECT_EQ(loss_of({.server = endpoint, .user = "x", .password = "right"}),
            "refused the user or the password");
  EXPECT_EQ(loss_of({.server = endpoint}), "wants a password, and none was given");
}

TEST_F(RedisConnectionTest, SaysWhenAPasswordIsGivenToAServerWithoutOne) {
  const RedisServer server;

  EXPECT_EQ(loss_of({.server = server.endpoint(), .password = "hunter2"}),
            "has no password, but one was given");
}

TEST_F(RedisConnectionTest, DoesNotPassOnWhatAServerRepeats) {
  // It answers an unknown command with its arguments.
  const RedisServer server{{.options = {"--rename-command", "AUTH", ""}}};
  ASSERT_TRUE(server.runs()) << server.output();

  EXPECT_EQ(loss_of({.server = server.endpoint(), .password = "hunter2"}), "refused AUTH");
}

TEST_F(RedisConnectionTest, EntersItsDatabaseAndSaysItsName) {
  const RedisServer server;
  ASSERT_TRUE(connect({.server = server.endpoint(), .database = 3, .client_name = "relay-1"}));
  EXPECT_EQ(ask({"CLIENT", "GETNAME"}).text, "relay-1");
  EXPECT_EQ(ask({"SET", "where", "3"}), status_of("OK"));
  ASSERT_TRUE(connect(server));
  EXPECT_EQ(ask({"GET", "where"}), RedisReply{});

  EXPECT_EQ(loss_of({.server = server.endpoint(), .database = 99}),
            "refused database 99: ERR DB index is out of range");
}

TEST_F(RedisConnectionTest, ASubscriberGetsWhatIsPublished) {
  const RedisServer server;
  ASSERT_TRUE(connect(server)) << server.output();
  ASSERT_TRUE(connection_->subscribe({"SUBSCRIBE", "a", "b"}, note()).has_value());
  ASSERT_TRUE(connection_->subscribe({"PSUBSCRIBE", "p*"}, note()).has_value());
  ASSERT_TRUE(run_until([&] { return replies_.size() == 2; }));
  const auto subscriber = std::exchange(connection_, nullptr);

  ASSERT_TRUE(connect(server));
  EXPECT_EQ(ask({"PUBLISH", "b", "one"}).integer, 1);
  EXPECT_EQ(ask({"PUBLISH", "p1", "two"}).integer, 1);
  ASSERT_TRUE(subscriber->send({"PING"}, note()).has_value());
  ASSERT_TRUE(subscriber->subscribe({"UNSUBSCRIBE", "a"}, note()).has_value());
  ASSERT_TRUE(run_until([&] { return replies_.size() == 6; }));

  EXPECT_EQ(pushes_, (Texts{"subscribe a 1", "subscribe b 2", "psubscribe p* 3", "message b one",
                            "pmessage p* p1 two", "unsubscribe a 2"}));
  EXPECT_EQ(replies_[4].elements.at(0).text, "pong");
  subscriber->close();
}

TEST_F(RedisConnectionTest, ASubscriptionThatIsRefusedIsAnError) {
  const RedisServer server{{.options = {"--user", "u", "on", ">p", "~*", "+@all", "resetchannels", "&open"}}};
  ASSERT_TRUE(connect({.server = server.endpoint(), .user = "u", .password = "p"})) << server.output();

  ASSERT_TRUE(connection_->subscribe({"SUBSCRIBE", "closed"}, note()).has_value());
  EXPECT_EQ(ask({"PING"}), status_of("PONG"));

  EXPECT_EQ(replies_.at(0).error_code(), "NOPERM");
  EXPECT_TRUE(pushes_.empty());
}

TEST_F(RedisConnectionTest, WhenTheServerDiesEveryCallbackHearsOfItAndTheListenerOnce) {
  RedisServer server;
  ASSERT_TRUE(connect(server)) << server.output();
  when_lost_ = [&] { EXPECT_EQ(replies_.size(), 100U); };
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(connection_->send({"BLPOP", "nothing", "0"}, note(), seconds(60)).has_value());
  }
  loop_.flush_dirty();

  server.kill();
  ASSERT_TRUE(run_until([&] { return !losses_.empty(); }));

  // A reset, when it had not read everything.
  ASSERT_EQ(losses_.size(), 1U);
  EXPECT_THAT(losses_.front(), ::testing::AnyOf("closed by the server", "the connection broke"));
  for (const RedisReply& reply : replies_) EXPECT_TRUE(reply.is_lost());
  EXPECT_EQ(connection_->send({"PING"}, note()).error(), RedisSendError::not_connected);
}

TEST_F(RedisConnectionTest, AServerThatStopsAnsweringIsGivenUp) {
  const RedisServer server;
  ASSERT_TRUE(connect({.server = server.endpoint(), .command_timeout = milliseconds(100)}))
      << server.output();
  server.pause();
  const SteadyTime before = clock_.steady();
  ASSERT_TRUE(connection_->send({"PING"}, note()).has_value());
  ASSERT_TRUE(connection_->send({"PING"}, note()).has_value());

  ASSERT_TRUE(run_until([&] { return !losses_.empty(); }));

  EXPECT_GE(clock_.steady() - before, milliseconds(90));  // the loop's time is that of its last wait
  EXPECT_EQ(losses_, Texts{"no answer to a command in time"});
  EXPECT_EQ(replies_.size(), 2U);
}

TEST_F(RedisConnectionTest, AServerThatNeverGreetsIsGivenUp) {
  const RedisServer server;
  ASSERT_TRUE(server.runs()) << server.output();
  server.pause();

  EXPECT_EQ(loss_of({.server = server.endpoint(), .connect_timeout = milliseconds(100)}),
            "no connection within 100 ms");
}

TEST_F(RedisConnectionTest, ABlockingCommandHasATimeOfItsOwn) {
  const RedisServer server;
  ASSERT_TRUE(connect({.server = server.endpoint(), .command_timeout = milliseconds(100)}))
      << server.output();
  ASSERT_TRUE(connection_->send({"BLPOP", "nothing", "0.3"}, note(), seconds(10)).has_value());

  EXPECT_EQ(ask({"PING"}), status_of("PONG"));  // waits behind it
  EXPECT_TRUE(losses_.empty());

  // The long time was for that command only.
  server.pause();
  ASSERT_TRUE(connection_->send({"PING"}, note()).has_value());
  const SteadyTime before = clock_.steady();
  ASSERT_TRUE(run_until([&] { return !losses_.empty(); }));
  EXPECT_LT(clock_.steady() - before, seconds(5));
}

TEST_F(RedisConnectionTest, ItsOwnerConnectsAgain) {
  const std::uint16_t port = RedisServer::free_port();
  {
    const RedisServer server{{.port = port}};
    ASSERT_TRUE(connect(server)) << server.output();
  }
  ASSERT_TRUE(run_until([&] { return losses_.size() == 1; }));
  // An owner may begin anew in the very callback, and the first attempts fail.
  when_lost_ = [&] {
    if (losses_.size() < 5) begin({.server = {"127.0.0.1", port}});
  };
  begin({.server = {"127.0.0.1", port}});
  ASSERT_TRUE(run_until([&] { return losses_.size() == 5; }));
  EXPECT_EQ(losses_.back(), "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");

  const RedisServer server{{.port = port}};

  ASSERT_TRUE(connect(server)) << server.output();
  EXPECT_EQ(ask({"PING"}), status_of("PONG"));
}

TEST_F(RedisConnectionTest, AHostThatIsUnknownIsALossThatComesLater) {
  begin({.server = {"nowhere..invalid", 6379}});  // no name at all, so that no resolver is asked
  EXPECT_TRUE(losses_.empty());

  ASSERT_TRUE(run_until([&] { return !losses_.empty(); }));

  EXPECT_TRUE(losses_.front().starts_with("cannot connect to nowhere..invalid:6379: ")) << losses_.front();
}

TEST_F(RedisConnectionTest, TriesEveryAddressOfAName) {
  // Where localhost is ::1 first, nobody listens there.
  const RedisServer server;

  EXPECT_TRUE(connect({.server = {"localhost", server.port()}})) << server.output();
}

TEST_F(RedisConnectionTest, ItsQueuesAreBounded) {
  const RedisServer server;
  ASSERT_TRUE(connect({.server = server.endpoint(), .output_bytes_max = 1000, .pending_max = 3}))
      << server.output();

  EXPECT_EQ(connection_->send({"ECHO", std::string(1000, 'x')}, note()).error(), RedisSendError::queue_full);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(connection_->send({"PING"}, note()).has_value());
  EXPECT_EQ(connection_->send({"PING"}, note()).error(), RedisSendError::queue_full);
  ASSERT_TRUE(run_until([&] { return replies_.size() == 3; }));

  EXPECT_TRUE(connection_->send({"PING"}, note()).has_value());
  ASSERT_TRUE(run_until([&] { return replies_.size() == 4; }));
}

TEST_F(RedisConnectionTest, ClosingTellsThePendingOnesAndNotTheListener) {
  const RedisServer server;
  ASSERT_TRUE(connect(server)) << server.output();
  ASSERT_TRUE(connection_->send({"PING"}, note()).has_value());
  ASSERT_TRUE(connection_->send({"PING"}, {}).has_value());

  connection_->close();
  connection_->close();

  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_TRUE(replies_.front().is_lost());
  turn();
  EXPECT_TRUE(losses_.empty());
}

TEST_F(RedisConnectionTest, MayBeEndedInEachOfItsCallbacks) {
  RedisServer server;
  ASSERT_TRUE(server.runs()) << server.output();
  const auto end = [this] {
    if (connection_) RedisConnection::end(std::move(connection_));
  };
  const auto ended = [this] { return connection_ == nullptr; };

  when_connected_ = end;
  begin({.server = server.endpoint()});
  EXPECT_TRUE(run_until(ended));
  when_connected_ = nullptr;

  ASSERT_TRUE(connect(server));
  ASSERT_TRUE(connection_->send({"PING"}, [&](const RedisReply&) { end(); }).has_value());
  ASSERT_TRUE(connection_->send({"PING"}, note()).has_value());
  EXPECT_TRUE(run_until(ended));
  EXPECT_TRUE(replies_.at(0).is_lost());

  ASSERT_TRUE(connect(server));
  when_pushed_ = end;
  ASSERT_TRUE(connection_->subscribe({"SUBSCRIBE", "a"}, note()).has_value());
  EXPECT_TRUE(run_until(ended));
  EXPECT_TRUE(replies_.at(1).is_ok());  // it had come

  ASSERT_TRUE(connect(server));
  ASSERT_TRUE(connection_->send({"BLPOP", "nothing", "0"}, [&](const RedisReply&) { end(); }).has_value());
  loop_.flush_dirty();
  server.kill();
  EXPECT_TRUE(run_until(ended));
  turn();
  EXPECT_TRUE(losses_.empty());

  when_lost_ = end;
  begin({.server = server.endpoint()});
  EXPECT_TRUE(run_until(ended));
  turn();
  EXPECT_EQ(losses_.size(), 1U);
}

}  // namespace
}  // namespace relay
