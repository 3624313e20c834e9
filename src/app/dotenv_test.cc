#include "app/dotenv.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(Dotenv, ReadsEveryFormOfAValue) {
  struct Case {
    std::string_view line;
    std::string_view value;
  };
  const Case cases[] = {
      {"A=1", "1"},
      {"A = 1 ", "1"},
      {"  export A=1", "1"},
      {"export\tA=1\r", "1"},
      {"A=", ""},
      {"A=''", ""},
      {"A=a b", "a b"},
      {"A=a=b", "a=b"},
      {"A=a#b", "a#b"},
      {"A=a #b", "a"},
      {"A=#b", ""},
      {"A='a #b $c \\n'", "a #b $c \\n"},
      {"A='a' # b", "a"},
      {"A=\"a #b\"  ", "a #b"},
      {R"(A="a\n\t\"\\\$\x")", "a\n\t\"\\$\\x"},
      {R"(A="it's")", "it's"},
      {"A=it's", "it's"},
      {"A=$HOME", "$HOME"},
  };
  for (const auto& [line, value] : cases) {
    const auto found = parse_dotenv(line);
    ASSERT_TRUE(found.has_value()) << line << ": " << found.error().message;
    ASSERT_EQ(found->size(), 1U) << line;
    EXPECT_EQ(found->at("A"), value) << line;
  }
}

TEST(Dotenv, SkipsCommentsAndBlankLinesAndTheByteOrderMark) {
  const auto found = parse_dotenv("\xEF\xBB\xBF# one\r\n\r\n   \t\nA=1\n  # two\nB=2");

  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, (NamedTexts{{"A", "1"}, {"B", "2"}}));
}

TEST(Dotenv, LetsTheLastOfEqualNamesWin) {
  EXPECT_EQ(parse_dotenv("A=1\nA=2\n"), (NamedTexts{{"A", "2"}}));
}

TEST(Dotenv, TakesAVariableCalledExport) {
  EXPECT_EQ(parse_dotenv("export=1"), (NamedTexts{{"export", "1"}}));
}

TEST(Dotenv, NamesTheLineThatIsMalformed) {
  const std::string_view bad_lines[] = {"A",      "=1",      "1A=1",      "A-B=1",     "export A",
                                        "A='1",   "A=\"1",   "A=\"1\\\"", "A='1'2",    "A=\"1\"2",
                                        "A='1'#", "A=1\x01", "A: 1",      "export 1=1"};
  for (const std::string_view line : bad_lines) {
    const auto found = parse_dotenv("# first\nB=2\n" + std::string(line) + "\nC=3");
    ASSERT_FALSE(found.has_value()) << line;
    EXPECT_EQ(found.error().line, 3U) << line;
  }
}

TEST(Dotenv, RefusesAHugeText) {
  EXPECT_TRUE(parse_dotenv(std::string(dotenv_bytes_max, '\n')).has_value());
  EXPECT_FALSE(parse_dotenv(std::string(dotenv_bytes_max + 1, '\n')).has_value());
}

}  // namespace
}  // namespace relay
