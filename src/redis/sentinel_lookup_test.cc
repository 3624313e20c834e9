#include "redis/sentinel_lookup.h"

#include <optional>

#include <gtest/gtest.h>

#include "redis/redis_connection_fixture.h"

namespace relay {
namespace {

using std::chrono::milliseconds;

class SentinelLookupTest : public RedisConnectionFixture {
 protected:
  // A sentinel that watches `master` as `main`.
  static RedisServerStart sentinel_of(const RedisEndpoint& master) {
    return {.options = {"--sentinel"},
            .configuration = "port {port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor main 127.0.0.1 " +
                             std::to_string(master.port) + " 1\n"};
  }

  std::expected<RedisEndpoint, std::string> look_up(SentinelLookupOptions options) {
    options.sentinel_entry.connect_timeout = milliseconds(500);
    options.server_entry.connect_timeout = milliseconds(500);
    std::optional<std::expected<RedisEndpoint, std::string>> found;
    SentinelLookup lookup(loop_, std::move(options), [&](auto result) { found = std::move(result); });
    lookup.start();
    EXPECT_FALSE(found.has_value());
    EXPECT_TRUE(run_until([&] { return found.has_value(); }));
    return found.value_or(std::unexpected("no end"));
  }
};

TEST_F(SentinelLookupTest, FindsTheMaster) {
  const RedisServer master;
  const RedisServer sentinel{sentinel_of(master.endpoint())};
  ASSERT_TRUE(sentinel.runs()) << sentinel.output();

  EXPECT_EQ(look_up({.sentinels = {sentinel.endpoint()}, .service = "main"}), master.endpoint());
}

TEST_F(SentinelLookupTest, EntersTheMasterWithItsOwnPassword) {
  const RedisServer master{{.options = {"--requirepass", "right"}}};
  const RedisServer sentinel{sentinel_of(master.endpoint())};
  ASSERT_TRUE(sentinel.runs()) << sentinel.output();

  EXPECT_EQ(look_up({.sentinels = {sentinel.endpoint()},
                     .service = "main",
                     .server_entry = {.password = "right", .database = 2}}),
            master.endpoint());
  EXPECT_EQ(
      look_up(
          {.sentinels = {sentinel.endpoint()}, .service = "main", .server_entry = {.password = "hunter2"}})
          .error(),
      master.endpoint().to_string() + ": refused the user or the password");
}

TEST_F(SentinelLookupTest, AsksTheNextSentinelWhenOneIsSilentOrGone) {
  const RedisServer master;
  const RedisServer silent;
  const RedisServer sentinel{sentinel_of(master.endpoint())};
  ASSERT_TRUE(sentinel.runs()) << sentinel.output();
  silent.pause();

  EXPECT_EQ(look_up({.sentinels = {{"127.0.0.1", RedisServer::free_port()},
                                   silent.endpoint(),
                                   master.endpoint(),  // is no sentinel
                                   sentinel.endpoint()},
                     .service = "main"}),
            master.endpoint());
}

TEST_F(SentinelLookupTest, SaysThatNobodyKnowsTheService) {
  const RedisServer master;
  const RedisServer sentinel{sentinel_of(master.endpoint())};
  ASSERT_TRUE(sentinel.runs()) << sentinel.output();

  EXPECT_EQ(look_up({.sentinels = {sentinel.endpoint(), sentinel.endpoint()}, .service = "other"}).error(),
            sentinel.endpoint().to_string() + ": knows no service of that name");
}

TEST_F(SentinelLookupTest, AServerThatIsNoMasterIsNotTaken) {
  const RedisServer replica{
      {.options = {"--replicaof", "127.0.0.1 " + std::to_string(RedisServer::free_port())}}};
  const RedisServer sentinel{sentinel_of(replica.endpoint())};
  ASSERT_TRUE(sentinel.runs() && replica.runs()) << sentinel.output() << replica.output();

  EXPECT_EQ(look_up({.sentinels = {sentinel.endpoint()}, .service = "main"}).error(),
            replica.endpoint().to_string() + ": is no master");
}

TEST_F(SentinelLookupTest, MayDieWhileItAsksAndInItsOwnCallback) {
  const RedisServer silent;
  ASSERT_TRUE(silent.runs()) << silent.output();
  silent.pause();
  bool heard = false;
  {
    SentinelLookup lookup(loop_, {.sentinels = {silent.endpoint()}, .service = "main"},
                          [&](auto) { heard = true; });
    lookup.start();
    turn();
    turn();
  }
  turn();
  EXPECT_FALSE(heard);

  std::unique_ptr<SentinelLookup> lookup;
  lookup = std::make_unique<SentinelLookup>(
      loop_, SentinelLookupOptions{.sentinels = {{"127.0.0.1", RedisServer::free_port()}}, .service = "main"},
      [&](auto result) {
        heard = !result.has_value();
        lookup.reset();
      });
  lookup->start();
  EXPECT_TRUE(run_until([&] { return heard; }));
  EXPECT_EQ(lookup, nullptr);
}

}  // namespace
}  // namespace relay
