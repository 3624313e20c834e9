#include "app/command_line.h"

#include <gtest/gtest.h>

#include "app/help.h"
#include "app/setting_table.h"

namespace relay {
namespace {

using Arguments = std::vector<std::string_view>;

std::string first_error(const Arguments& arguments) {
  const auto line = parse_command_line(arguments);
  return line ? std::string() : line.error().front();
}

TEST(CommandLine, ServesWithoutACommand) {
  const auto line = parse_command_line(Arguments{});
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->command, Command::serve);
  EXPECT_EQ(parse_command_line(Arguments{"--port", "4000"})->command, Command::serve);
}

TEST(CommandLine, TakesSettingsInBothForms) {
  const auto line = parse_command_line(
      Arguments{"check", "--port", "4103", "--nonce-ttl-s=99", "--env-file", "x", "--client-events="});

  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->command, Command::check);
  EXPECT_EQ(line->settings, (NamedTexts{{"PORT", "4103"}, {"NONCE_TTL_S", "99"}, {"CLIENT_EVENTS", ""}}));
  EXPECT_EQ(line->env_file, "x");
}

TEST(CommandLine, LetsASwitchStandAlone) {
  EXPECT_EQ(parse_command_line(Arguments{"--dev", "--port", "1"})->settings,
            (NamedTexts{{"DEV", "true"}, {"PORT", "1"}}));
  EXPECT_EQ(parse_command_line(Arguments{"--dev", "false"})->settings, (NamedTexts{{"DEV", "false"}}));
}

TEST(CommandLine, KnowsTheFlagOfEverySettingThatIsNoSecret) {
  for (const SettingDescription& setting : setting_table()) {
    const std::string flag = flag_of(setting.name);
    const auto line = parse_command_line(Arguments{"check", flag, "1"});
    EXPECT_EQ(line.has_value(), setting.kind != SettingKind::secret) << flag;
  }
}

TEST(CommandLine, SeparatesOptionsFromSettings) {
  const auto line = parse_command_line(Arguments{"token", "--session", "s", "--account=a", "--port", "1"});

  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->options, (NamedTexts{{"session", "s"}, {"account", "a"}}));
  EXPECT_EQ(line->settings, (NamedTexts{{"PORT", "1"}}));
  EXPECT_FALSE(parse_command_line(Arguments{"serve", "--session", "s"}).has_value());
}

TEST(CommandLine, SaysWhatIsWrong) {
  struct Case {
    Arguments arguments;
    std::string_view error;
  };
  const Case cases[] = {
      {{"frobnicate"}, "unknown command \"frobnicate\"; socket-relay --help lists the commands"},
      {{"upgrade"}, "unknown command \"upgrade\"; socket-relay --help lists the commands"},
      {{"check", "--no-such", "1"}, "--no-such: unknown flag; socket-relay check --help lists them"},
      {{"check", "--PORT", "1"}, "--PORT: unknown flag; socket-relay check --help lists them"},
      {{"check", "--log_level", "1"}, "--log_level: unknown flag; socket-relay check --help lists them"},
      {{"check", "--port"}, "--port: needs a value"},
      {{"check", "--port", "--dev"}, "--port: needs a value"},
      {{"check", "--port="}, "--port: needs a value"},
      {{"check", "extra"}, "unexpected argument \"extra\""},
      {{"check", "-p"}, "unexpected argument \"-p\""},
      {{"token", "--account", "a"},
       "--session: is required: the room of the session, sessionId in the token"},
  };
  for (const auto& [arguments, error] : cases) EXPECT_EQ(first_error(arguments), error);
}

TEST(CommandLine, RefusesSecretsWithoutRepeatingThem) {
  const Arguments attempts[] = {{"check", "--jwt-signing-secret", "do-not-print"},
                                {"check", "--relay-api-key=do-not-print"},
                                {"check", "--redis-url", "redis://u:do-not-print@h"},
                                {"check", "--webhook-url", "https://h/?do-not-print"},
                                {"check", "--api-key", "do-not-print"},
                                {"check", "--api-key=do-not-print"}};
  for (const Arguments& arguments : attempts) {
    const auto line = parse_command_line(arguments);
    ASSERT_FALSE(line.has_value()) << arguments[1];
    ASSERT_EQ(line.error().size(), 1U) << arguments[1];
    EXPECT_EQ(line.error().front().find("do-not-print"), std::string::npos);
  }
  EXPECT_TRUE(parse_command_line(Arguments{"check", "--redis-url", "redis://h"}).has_value());
  EXPECT_TRUE(parse_command_line(Arguments{"check", "--relay-api-key-file", "x"}).has_value());
  EXPECT_FALSE(parse_command_line(Arguments{"check", "--port-file", "x"}).has_value());
}

TEST(CommandLine, ReportsEveryProblem) {
  const auto line = parse_command_line(Arguments{"publish", "--nope", "--room"});
  ASSERT_FALSE(line.has_value());
  EXPECT_EQ(line.error().size(), 4U);  // the two, and the missing --type and --payload
}

TEST(CommandLine, ExplainsEveryCommandAndSetting) {
  EXPECT_TRUE(parse_command_line(Arguments{"token", "--help"})->help);
  const std::string help = command_help(Command::serve);
  for (const SettingDescription& setting : setting_table()) {
    EXPECT_NE(help.find("\n  " + std::string(setting.name) + " "), std::string::npos) << setting.name;
  }
  for (const CommandDescription& command : command_table()) {
    EXPECT_NE(overview_help().find(command.summary), std::string::npos);
    EXPECT_NE(command_help(command.command).find(command.example), std::string::npos);
  }
}

}  // namespace
}  // namespace relay
