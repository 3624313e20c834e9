#include "cluster/node_news.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

NodeNews example() {
  return {.uid = "relay1",
          .name = "é-1",
          .version = "1.2.0",
          .started_at_ms = 1'767'225'600'000,
          .adapter = "streams",
          .connections = 1234,
          .sessions = 1200,
          .rooms = 87,
          .settings = {{"ADAPTER", "0a1b2c3d"}, {"KEY_PREFIX", "00000000"}}};
}

TEST(NodeNews, ComesBackAsItWasWritten) {
  EXPECT_EQ(read_node_news("relay1", write_node_news(example())), example());
  EXPECT_EQ(read_node_news("", write_node_news({})), NodeNews{});
}

TEST(NodeNews, HasTheUidOfTheSender) {
  const std::string body = R"({"name":"a","version":"1","startedAtMs":5,"uid":"another"})";

  EXPECT_EQ(read_node_news("relay1", body),
            (NodeNews{.uid = "relay1", .name = "a", .version = "1", .started_at_ms = 5}));
}

TEST(NodeNews, PassesOverMembersOfALaterVersion) {
  const std::string body =
      R"({"new":{"a":[1,null]},"version":"2","name":"a","settings":{},"startedAtMs":0,"rooms":3})";

  EXPECT_EQ(read_node_news("relay1", body),
            (NodeNews{.uid = "relay1", .name = "a", .version = "2", .rooms = 3}));
}

TEST(NodeNews, RefusesWhatIsMalformedOrTooMuch) {
  const std::string start = R"({"name":"a","version":"1","startedAtMs":5)";
  const auto with = [&start](std::string_view more) { return start + ',' + std::string(more) + '}'; };
  std::string many_settings = R"("settings":{)";
  for (std::size_t i = 0; i <= node_settings_max; ++i) {
    many_settings += '"' + std::to_string(i) + R"(":"00000000",)";
  }
  many_settings.back() = '}';
  const std::string long_text(node_text_bytes_max + 1, 'x');
  ASSERT_TRUE(read_node_news("a", start + '}'));

  const std::string cases[] = {
      "",
      "[]",
      "null",
      "{}",
      start,
      R"({"version":"1","startedAtMs":5})",
      R"({"name":"a","startedAtMs":5})",
      R"({"name":"a","version":"1"})",
      R"({"name":1,"version":"1","startedAtMs":5})",
      R"({"name":"a","version":"1","startedAtMs":"5"})",
      R"({"name":"a","version":"1","startedAtMs":-5})",
      R"({"name":"a","version":"1","startedAtMs":5.0})",
      R"({"name":"a","version":"1","startedAtMs":9007199254740993})",
      with(R"("name":"b")"),
      with(R"("adapter":null)"),
      with(R"("rooms":18446744073709551616)"),
      with("\"adapter\":\"\xFF\""),
      with(R"("adapter":")" + long_text + '"'),
      with(R"("settings":[])"),
      with(R"("settings":{"A":1})"),
      with(R"("settings":{"A":"0000000"})"),
      with(R"("settings":{"A":"0000000G"})"),
      with(R"("settings":{")" + long_text + R"(":"00000000"})"),
      with(many_settings),
      with(R"("new":")" + std::string(node_news_bytes_max, 'x') + '"'),
      with(R"("new":)" + std::string(60'000, '[')),
  };
  for (const std::string& body : cases) EXPECT_FALSE(read_node_news("a", body)) << body.substr(0, 100);
}

TEST(NodeNews, IsReadByTheOthersWhateverANodeIsCalled) {
  NodeNews news = example();
  struct Case {
    std::string name;
    std::string expected;
  };
  const Case cases[] = {
      {std::string(300, 'x'), std::string(255, 'x')},
      {std::string(254, 'x') + "€", std::string(254, 'x')},
      {std::string(252, 'x') + "€", std::string(252, 'x') + "€"},
      {"a\xFF", "a\uFFFD"},
      {std::string("\0\n\"", 3), std::string("\0\n\"", 3)},
  };
  for (const auto& [name, expected] : cases) {
    news.name = name;

    const auto read = read_node_news("relay1", write_node_news(news));

    ASSERT_TRUE(read) << name;
    EXPECT_EQ(read->name, expected);
  }
}

}  // namespace
}  // namespace relay
