#include "protocol/json_scanner.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace relay {
namespace {

constexpr unsigned depth_max = 64;

TEST(JsonScanner, AcceptsEveryFormOfTheGrammar) {
  const std::pair<std::string_view, JsonKind> rows[] = {
      {"{}", JsonKind::object},
      {" [ ] ", JsonKind::array},
      {"\t\r\n\"\"", JsonKind::string},
      {R"("\"\\\/\b\f\n\r\t\u00aF")", JsonKind::string},
      {"\"\x7F\xC3\xA9\xFF\"", JsonKind::string},
      {R"("\ud800")", JsonKind::string},
      {"0", JsonKind::number},
      {"-0", JsonKind::number},
      {"10", JsonKind::number},
      {"0.50", JsonKind::number},
      {"-1.5E+10", JsonKind::number},
      {"1e400", JsonKind::number},
      {"12345678901234567890123", JsonKind::number},
      {"true", JsonKind::true_},
      {"false", JsonKind::false_},
      {"null", JsonKind::null_},
      {R"([1,"a",{"b":[null,{}]} , [] ])", JsonKind::array},
      {R"({ "a" : 1 , "a" : {"":[]} })", JsonKind::object},
  };
  for (const auto& [text, kind] : rows) {
    const auto result = validate_json(text, depth_max);
    ASSERT_TRUE(result.has_value()) << text << ": " << result.error().message;
    EXPECT_EQ(*result, kind) << text;
  }
}

TEST(JsonScanner, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "[",
                                      "}",
                                      "]",
                                      ",",
                                      ":",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "[1,,tru]",
                                      "{]",
                                      "[}",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{1:1}",
                                      "{\"a\" 1}",
                                      "{\"a\":}",
                                      "{,}",
                                      "{\"a\":1]",
                                      "[1}",
                                      "01",
                                      "-",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1.e5",
                                      "1e",
                                      "1e+",
                                      "0x10",
                                      "--1",
                                      "1 2",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "tru",
                                      "truex",
                                      "nul",
                                      "True",
                                      "\"",
                                      "\"a",
                                      "\"\\",
                                      "\"\\\"",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12G4\"",
                                      "\"\n\"",
                                      "\"a very long text of plain bytes\t\"",
                                      "'a'",
                                      "\xEF\xBB\xBF{}",
                                      "{}x",
                                      "[] []",
                                      "/**/1",
                                      "\xC2\xA0"
                                      "1"}) {
    EXPECT_FALSE(validate_json(text, depth_max).has_value()) << text;
  }
  EXPECT_FALSE(validate_json(std::string_view("\"\0\"", 3), depth_max).has_value());
  EXPECT_FALSE(validate_json(std::string_view("1\0", 2), depth_max).has_value());
}

TEST(JsonScanner, SaysWhereTheFaultIs) {
  const auto error = validate_json(R"({"a":1,"b":tru})", depth_max).error();

  EXPECT_EQ(error.offset, 11U);
  EXPECT_EQ(error.message, "expected a value");
}

TEST(JsonScanner, FindsTheEndOfAStringAtAnyLengthAndOffset) {
  for (std::size_t length = 0; length < 70; ++length) {
    const std::string plain(length, 'x');
    EXPECT_TRUE(validate_json('"' + plain + '"', depth_max).has_value()) << length;
    EXPECT_TRUE(validate_json('"' + plain + "\\n" + plain + '"', depth_max).has_value()) << length;
    EXPECT_FALSE(validate_json('"' + plain + '\x1F' + plain + '"', depth_max).has_value()) << length;
    EXPECT_FALSE(validate_json('"' + plain, depth_max).has_value()) << length;
  }
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonScanner, BoundsTheDepth) {
  EXPECT_TRUE(validate_json(nested(64), 64).has_value());
  EXPECT_EQ(validate_json(nested(65), 64).error().message, "nested too deep");
  EXPECT_TRUE(validate_json("1", 0).has_value());
  EXPECT_FALSE(validate_json("{}", 0).has_value());
  EXPECT_TRUE(validate_json(nested(json_depth_limit), 1'000'000).has_value());
  EXPECT_FALSE(validate_json(nested(500'000), 1'000'000).has_value());
}

TEST(JsonScanner, BoundsTheDepthWithinAVisitedContainerToo) {
  const std::string text = nested(4);
  const auto ignore = [](std::string_view) {};

  EXPECT_TRUE(JsonScanner(text, 4).scan_array(ignore).has_value());
  EXPECT_FALSE(JsonScanner(text, 3).scan_array(ignore).has_value());
  EXPECT_FALSE(JsonScanner(text, 0).scan_array(ignore).has_value());
}

TEST(JsonScanner, KeepsContainerKindsApartAcrossManyLevels) {
  std::string text;
  std::string closing;
  for (int level = 0; level < 200; ++level) {
    const bool is_object = level % 3 == 0;
    text += is_object ? R"({"k":)" : "[";
    closing.insert(closing.begin(), is_object ? '}' : ']');
  }
  text += "1" + closing;

  EXPECT_TRUE(validate_json(text, 200).has_value());
  text.back() = ']';  // the outermost is an object
  EXPECT_FALSE(validate_json(text, 200).has_value());
}

TEST(JsonScanner, YieldsTheExactTextOfMembersAndElements) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Pairs members;
  JsonScanner objects(R"( { "a" : [1, 2] ,"b":1e400, "a":"\u0041" } )", depth_max);
  ASSERT_TRUE(objects
                  .scan_object([&members](std::string_view key, std::string_view value) {
                    members.emplace_back(key, value);
                  })
                  .has_value());
  EXPECT_TRUE(objects.expect_end().has_value());
  EXPECT_EQ(members, (Pairs{{"\"a\"", "[1, 2]"}, {"\"b\"", "1e400"}, {"\"a\"", R"("\u0041")"}}));

  std::vector<std::string> elements;
  JsonScanner arrays("[ {\"x\" :1} , -0 ] x", depth_max);
  ASSERT_TRUE(arrays.scan_array([&elements](std::string_view element) { elements.emplace_back(element); })
                  .has_value());
  EXPECT_FALSE(arrays.expect_end().has_value());
  EXPECT_EQ(elements, (std::vector<std::string>{"{\"x\" :1}", "-0"}));
}

TEST(JsonScanner, RefusesToVisitAnotherKind) {
  EXPECT_EQ(JsonScanner("[]", depth_max).scan_object([](auto, auto) {}).error().message,
            "expected an object");
  EXPECT_EQ(JsonScanner("{}", depth_max).scan_array([](auto) {}).error().message, "expected an array");
  EXPECT_FALSE(JsonScanner("", depth_max).scan_array([](auto) {}).has_value());
}

TEST(JsonScanner, PeeksWithoutPassing) {
  JsonScanner scanner("  true", depth_max);

  EXPECT_EQ(scanner.peek().value(), JsonKind::true_);
  EXPECT_EQ(scanner.scan_value().value(), "true");
  EXPECT_FALSE(scanner.peek().has_value());
}

TEST(JsonString, IsDecoded) {
  EXPECT_EQ(decode_json_string(R"("")"), "");
  EXPECT_EQ(decode_json_string(R"("a\"\\\/\b\f\n\r\tz")"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(decode_json_string(R"("\u0041\u00e9\u20AC\ud83d\ude00")"), "A\u00E9\u20AC\U0001F600");
  EXPECT_EQ(decode_json_string(R"("\u0000")"), std::string(1, '\0'));
}

TEST(JsonString, CannotHoldALoneSurrogate) {
  for (const char* quoted : {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\n")",
                             R"("\ud800\ud800")", R"("\ude00\ud83d")"}) {
    EXPECT_EQ(decode_json_string(quoted), std::nullopt) << quoted;
    EXPECT_FALSE(json_string_equals(quoted, "x")) << quoted;
  }
}

TEST(JsonString, IsComparedByWhatItMeans) {
  EXPECT_TRUE(json_string_equals(R"("name")", "name"));
  EXPECT_TRUE(json_string_equals(R"("n\u0061me")", "name"));
  EXPECT_FALSE(json_string_equals(R"("name")", "nam"));
  EXPECT_FALSE(json_string_equals(R"("nam")", "name"));
  EXPECT_FALSE(json_string_equals(R"("a\n")", "a\\n"));
  EXPECT_TRUE(json_string_equals(R"("a\\n")", "a\\n"));
}

}  // namespace
}  // namespace relay
