#include "relay/client_event_rules.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

ClientEventRules rules_of(std::string_view list) {
  auto rules = ClientEventRules::parse(list);
  EXPECT_TRUE(rules.has_value()) << list;
  return rules.value_or(ClientEventRules());
}

TEST(ClientEventRules, KnowNamesAndPrefixes) {
  const ClientEventRules rules = rules_of("cursor, app.*");
  EXPECT_TRUE(rules.allows("cursor"));
  EXPECT_TRUE(rules.allows("app.x"));
  EXPECT_TRUE(rules.allows("app."));
  EXPECT_FALSE(rules.allows("cursors"));
  EXPECT_FALSE(rules.allows("apps"));
  EXPECT_FALSE(rules_of("").allows("cursor"));
  EXPECT_TRUE(rules_of("*").allows("anything"));
}

TEST(ClientEventRules, RefuseAListThatMeansNothing) {
  for (const char* list : {"a,,b", "a*b", "*a", ","}) {
    EXPECT_FALSE(ClientEventRules::parse(list).has_value()) << list;
  }
}

TEST(ClientEventRules, JudgeInTheContractsOrder) {
  const ClientEventRules rules = rules_of("client.*");
  const auto judge = [&](MemberEvent event, bool may_publish) {
    const auto name = rules.judge(event, may_publish);
    return name ? "ok" : std::string(to_string(name.error()));
  };
  EXPECT_EQ(judge({.name_json = R"("client.x")", .arguments_json = "1", .arguments_count = 1}, true), "ok");
  EXPECT_EQ(judge({.name_json = R"("relay:x")", .attachments = {"b"}}, false), "binary_unsupported");
  EXPECT_EQ(judge({.name_json = R"("relay:x")"}, false), "reserved_name");
  EXPECT_EQ(judge({.name_json = R"("client.x")", .arguments_count = 2}, false), "forbidden");
  EXPECT_EQ(judge({.name_json = R"("other")", .arguments_count = 2}, true), "forbidden");
  EXPECT_EQ(judge({.name_json = R"("client.x")", .arguments_count = 0}, true), "invalid_event");
  EXPECT_EQ(judge({.name_json = R"("client.x")", .arguments_count = 2}, true), "invalid_event");
  EXPECT_EQ(judge({.name_json = R"("client.\u0001")", .arguments_count = 1}, true), "invalid_event");
  EXPECT_EQ(judge({.name_json = "5", .arguments_count = 1}, true), "invalid_event");
}

}  // namespace
}  // namespace relay
