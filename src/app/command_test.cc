#include "app/command.h"

#include <sstream>

#include <gtest/gtest.h>

#include "auth/client_token.h"

namespace relay {
namespace {

const std::string secret(32, 's');
const std::string api_key(16, 'k');

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

Outcome run(std::vector<std::string_view> arguments, const NamedTexts& environment = {}) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = run_program(arguments, environment, out, err);
  return {status, out.str(), err.str()};
}

TEST(Command, PrintsTheVersionBothWays) {
  const Outcome version = run({"version"});
  EXPECT_EQ(version.status, exit_done);
  EXPECT_NE(version.out.find("commit "), std::string::npos);
  EXPECT_EQ(run({"--version"}).out, version.out);
}

TEST(Command, MintsATokenThatTheRelayAccepts) {
  const Outcome outcome =
      run({"token", "--session", "s", "--account", "a", "--rooms", "b, c", "--scope", "subscribe"},
          {{"JWT_SIGNING_SECRET", secret}, {"JWT_ISSUER", "me"}});

  ASSERT_EQ(outcome.status, exit_done) << outcome.err;
  const TokenVerifier verifier({.secrets = {secret}, .issuer = "me", .audience = {}});
  const auto claims = verifier.verify(outcome.out.substr(0, outcome.out.size() - 1), SystemClock().wall());
  ASSERT_TRUE(claims.has_value());
  EXPECT_EQ(claims->account, "a");
  EXPECT_EQ(claims->session_room, "s");
  EXPECT_EQ(claims->rooms, (std::vector<std::string>{"b", "c"}));
  EXPECT_FALSE(claims->may_publish);
  EXPECT_FALSE(outcome.err.empty());
}

TEST(Command, AsksForWhatATokenNeeds) {
  const Outcome outcome = run({"token", "--session", "s", "--account", "a"});
  EXPECT_EQ(outcome.status, exit_misused);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(outcome.err.starts_with("JWT_SIGNING_SECRET: "));
  const NamedTexts environment{{"JWT_SIGNING_SECRET", secret}};
  EXPECT_EQ(run({"token", "--session", "s", "--account", "a", "--ttl", "0"}, environment).status,
            exit_misused);
  EXPECT_EQ(run({"token", "--session", "s", "--account", "a", "--scope", "all"}, environment).status,
            exit_misused);
}

TEST(Command, ChecksSettingsAndMasksSecrets) {
  const Outcome outcome = run({"check", "--port", "4567"}, {{"JWT_SIGNING_SECRET", secret},
                                                            {"RELAY_API_KEY", api_key},
                                                            {"REDIS_URL", "redis://u:do-not-print@h"}});
  EXPECT_EQ(outcome.status, exit_done) << outcome.err;
  EXPECT_NE(outcome.out.find("4567"), std::string::npos);
  for (const std::string& hidden : {secret, api_key, std::string("do-not-print")}) {
    EXPECT_EQ((outcome.out + outcome.err).find(hidden), std::string::npos);
  }
  EXPECT_EQ(run({"check"}).status, exit_misused);
}

TEST(Command, RefusesToServeWhatItCannot) {
  const Outcome outcome = run(
      {"serve"},
      {{"JWT_SIGNING_SECRET", secret}, {"RELAY_API_KEY", api_key}, {"PORT", "none"}, {"LOG_LEVEL", "loud"}});
  EXPECT_EQ(outcome.status, exit_misused);
  EXPECT_EQ(outcome.err,
            "PORT: needs a whole number from 0 to 65535, not \"none\"\n"
            "LOG_LEVEL: needs one of trace, debug, info, warn, error, fatal, not \"loud\"\n");
}

TEST(Command, PublishesOnlyWhatIsJson) {
  const NamedTexts environment{{"RELAY_API_KEY", api_key}};
  const std::string_view url = "http://127.0.0.1:1";
  for (const std::string_view payload : {"{", "1,\"x\":2", ""}) {
    const Outcome outcome =
        run({"publish", "--room", "r", "--type", "t", "--payload", payload, "--url", url}, environment);
    EXPECT_EQ(outcome.status, exit_misused) << payload;
    EXPECT_TRUE(outcome.err.starts_with("--payload: ")) << outcome.err;
  }
  EXPECT_EQ(
      run({"publish", "--room", "r", "--type", "t", "--payload", "1", "--url", url}, environment).status,
      exit_failed);
}

TEST(Command, NeedsAKeyThatCanBePresented) {
  const NamedTexts environment{{"RELAY_API_KEY", "sha256:" + std::string(64, 'a')}};
  const Outcome outcome = run({"publish", "--room", "r", "--type", "t", "--payload", "1"}, environment);
  EXPECT_EQ(outcome.status, exit_misused);
  EXPECT_TRUE(outcome.err.starts_with("RELAY_API_KEY: "));
}

TEST(Command, SaysThatNobodyIsThere) {
  for (const std::vector<std::string_view>& arguments :
       {std::vector<std::string_view>{"healthcheck", "--url", "http://127.0.0.1:1"},
        std::vector<std::string_view>{"listen", "--token", "t", "--url", "http://127.0.0.1:1"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, exit_failed);
    EXPECT_NE(outcome.err.find("cannot connect"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(run({"healthcheck", "--url", "https://127.0.0.1"}).status, exit_misused);
  EXPECT_EQ(run({"listen"}).status, exit_misused);
}

TEST(Command, HelpsWithoutSettings) {
  EXPECT_EQ(run({"--help"}).status, exit_done);
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  EXPECT_NE(run({"token", "--help"}).out.find("--session"), std::string::npos);
  EXPECT_EQ(run({"frobnicate"}).status, exit_misused);
}

}  // namespace
}  // namespace relay
