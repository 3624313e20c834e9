#include "cluster/json_msgpack.h"

#include <gtest/gtest.h>

#include "cluster/hex_bytes.h"

namespace relay {
namespace {

struct Packed {
  std::string hex;
  MsgpackFidelity fidelity;
};

Packed pack(std::string_view json, std::span<const std::string> attachments = {}) {
  std::string out;
  const auto fidelity = append_json_as_msgpack(out, json, attachments, {});
  if (!fidelity) return {"refused: " + std::string(metric_word(fidelity.error())), {}};
  return {to_hex(out), *fidelity};
}

std::string json_of(std::string_view hex) {
  const auto read = msgpack_to_json(from_hex(hex), {});
  return read ? read->json : "refused: " + std::string(metric_word(read.error()));
}

std::string there_and_back(std::string_view json) {
  return json_of(pack(json).hex);
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonToMsgpack, TakesTheSmallestForm) {
  struct Case {
    const char* json;
    const char* hex;
  };
  const Case cases[] = {
      {"null", "c0"},
      {" true ", "c3"},
      {"false", "c2"},
      {"0", "00"},
      {"-0", "00"},
      {"-0.0", "00"},
      {"127", "7f"},
      {"128", "cc80"},
      {"255", "ccff"},
      {"256", "cd0100"},
      {"65536", "ce00010000"},
      {"4294967296", "cf0000000100000000"},
      {"9007199254740993", "cf0020000000000001"},
      {"18446744073709551615", "cfffffffffffffffff"},
      {"-1", "ff"},
      {"-32", "e0"},
      {"-33", "d0df"},
      {"-129", "d1ff7f"},
      {"-32769", "d2ffff7fff"},
      {"-2147483649", "d3ffffffff7fffffff"},
      {"-9223372036854775808", "d38000000000000000"},
      {"1.0", "01"},
      {"1e3", "cd03e8"},
      {"12.50e1", "7d"},
      {"1.5", "cb3ff8000000000000"},
      {"1e21", "cb444b1ae4d6e2ef50"},
      {"18446744073709551616", "cb43f0000000000000"},
      {R"("")", "a0"},
      {R"("a\u00e9\n\ud83d\ude00")", "a861c3a90af09f9880"},
      {"[]", "90"},
      {" [ 1 , [ 2 ] , { } ] ", "9301910280"},
      {"{}", "80"},
      {R"({"b":1,"a":[]})", "82a16201a16190"},
  };
  for (const auto& [json, hex] : cases) {
    const Packed packed = pack(json);
    EXPECT_EQ(packed.hex, hex) << json;
    EXPECT_TRUE(packed.fidelity.numbers_exact) << json;
    EXPECT_TRUE(packed.fidelity.strings_exact) << json;
  }
}

TEST(JsonToMsgpack, SaysWhichNumbersDoNotSurvive) {
  struct Case {
    const char* json;
    bool exact;
  };
  const Case cases[] = {
      {"0.1", true},
      {"0.10", true},
      {"1E-7", true},
      {"5e-324", true},
      {"1.7976931348623157e308", true},
      {"9007199254740993.0", true},
      {"1.8446744073709551615e19", true},
      {"18446744073709551616", true},  // a double in full
      {"18446744073709552000", true},  // the same in short
      {"36893488147419103232", true},
      {"0.1000000000000000055511151231257827021181583404541015625", true},
      {"0.100000000000000005551115123125782702118158340454101562", false},
      {"18446744073709551617", false},
      {"-9223372036854775809", false},
      {"3.14159265358979323846", false},
      {"1e400", false},
      {"-1e400", false},
      {"1e-400", false},
      {"1e99999999999999999999", false},
      {"1e-99999999999999999999", false},
      {"0e99999999999999999999", false},  // nobody's number; to be sure
      {"0e400", true},
  };
  for (const auto& [json, exact] : cases) EXPECT_EQ(pack(json).fidelity.numbers_exact, exact) << json;
}

TEST(JsonToMsgpack, FindsAnInexactNumberAnywhere) {
  EXPECT_FALSE(pack(R"({"a":[1,{"b":1e400}],"c":2})").fidelity.numbers_exact);
}

TEST(JsonToMsgpack, SendsWhatIsOutOfRangeAsNodeWould) {
  EXPECT_EQ(pack("1e400").hex, "cb7ff0000000000000");
  EXPECT_EQ(pack("-1e400").hex, "cbfff0000000000000");
  EXPECT_EQ(pack("1e-400").hex, "cb0000000000000000");
  EXPECT_EQ(pack("1e-99999999999999999999").hex, "cb0000000000000000");
  EXPECT_EQ(there_and_back("[1e400]"), "[null]");
}

TEST(JsonToMsgpack, KeepsTheLastOfDuplicateMembersAtTheFirstPlace) {
  EXPECT_EQ(there_and_back(R"({"a":1,"b":2,"a":{"x":[1,2]},"\u0061":3})"), R"({"a":3,"b":2})");
  EXPECT_EQ(there_and_back(R"({"a":1,"b":2,"c":3,"b":[4],"d":5})"), R"({"a":1,"b":[4],"c":3,"d":5})");
}

TEST(JsonToMsgpack, ReplacesHalvesOfSurrogatePairs) {
  struct Case {
    const char* json;
    const char* text;
  };
  const Case cases[] = {
      {R"("\ud800")", "\"\uFFFD\""},
      {R"("\udc00\ud83d\ude00\ud800x")", "\"\uFFFD\U0001F600\uFFFDx\""},
      {R"("\ud800\ud83d\ude00")", "\"\uFFFD\U0001F600\""},
      {R"("\\ud800\ud800\n")", "\"\\\\ud800\uFFFD\\n\""},
  };
  for (const auto& [json, text] : cases) {
    EXPECT_EQ(there_and_back(json), text);
    EXPECT_FALSE(pack(json).fidelity.strings_exact);
  }
}

TEST(JsonToMsgpack, HeadsContainersOfEverySize) {
  for (const std::size_t size : {15U, 16U, 65535U, 65536U}) {
    std::string array = "[";
    std::string object = "{";
    for (std::size_t i = 0; i < size; ++i) {
      array += (i == 0 ? "" : ",") + std::to_string(i);
      object += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
    }
    array += ']';
    object += '}';
    EXPECT_EQ(there_and_back(array), array);
    EXPECT_EQ(there_and_back(object), object);
  }
}

TEST(JsonToMsgpack, PutsAttachmentsInPlaceOfTheirPlaceholders) {
  const std::string attachments[] = {"\x01\x02", ""};
  EXPECT_EQ(pack(R"([{"_placeholder":true,"num":0},{"x":{"num":1,"_placeholder":true}}])", attachments).hex,
            "92c402010281a178c400");
  // Others stay what they are.
  EXPECT_EQ(pack(R"({"_placeholder":true,"num":2})", attachments).hex.substr(0, 4), "82ac");
  EXPECT_EQ(pack(R"({"_placeholder":false,"num":0})", attachments).hex.substr(0, 4), "82ac");
  EXPECT_EQ(pack(R"({"_placeholder":true,"num":0})").hex.substr(0, 4), "82ac");
}

TEST(JsonToMsgpack, RefusesWhatIsTooMuch) {
  EXPECT_EQ(there_and_back(nested(65)), nested(65));
  EXPECT_EQ(pack(nested(66)).hex, "refused: too_large");
  EXPECT_EQ(pack("[1,]").hex, "refused: malformed");
  EXPECT_EQ(pack("").hex, "refused: malformed");
  std::string out;
  const auto values = append_json_as_msgpack(out, "[1,2,3]", {}, {.values_max = 3});
  EXPECT_EQ(values.error(), RejectReason::too_large);
  const auto bytes = append_json_as_msgpack(out, "[1,2,3]", {}, {.message_bytes_max = 6});
  EXPECT_EQ(bytes.error(), RejectReason::too_large);
}

TEST(MsgpackToJson, ReadsEveryForm) {
  struct Case {
    const char* hex;
    const char* json;
  };
  const Case cases[] = {
      {"ca3fc00000", "1.5"},
      {"ca3dcccccd", "0.10000000149011612"},
      {"cb7ff8000000000000", "null"},
      {"cbfff0000000000000", "null"},
      {"cb8000000000000000", "0"},
      {"cb444b1ae4d6e2ef50", "1e+21"},
      {"d001", "1"},
      {"d3ffffffffffffffff", "-1"},
      {"d37fffffffffffffff", "9223372036854775807"},
      {"cfffffffffffffffff", "18446744073709551615"},
      {"d90141", "\"A\""},
      {"da000141", "\"A\""},
      {"db0000000141", "\"A\""},
      {"d900", "\"\""},
      {"a141", "\"A\""},
      {"a2c328", "\"\uFFFD(\""},
      {"a3220a5c", R"("\"\n\\")"},
      {"dc000101", "[1]"},
      {"dd0000000101", "[1]"},
      {"de0001a16101", R"({"a":1})"},
      {"df00000001a16101", R"({"a":1})"},
      {"8101a162", R"({"1":"b"})"},
      {"83c001c302cb3ff800000000000003", R"({"null":1,"true":2,"1.5":3})"},
      {"d40000", "null"},
      {"93d4000001d40000", "[null,1,null]"},
      {"83a161d40000a16201a163d40000", R"({"b":1})"},
      {"d6ff00000000", R"("1970-01-01T00:00:00.000Z")"},
      {"d6ffffffffff", R"("2106-02-07T06:28:15.000Z")"},
      {"d7ff0000000000000001", R"("1970-01-01T00:00:01.000Z")"},
      {"d7ffedf1160000000000", R"("1970-01-01T00:00:00.998Z")"},
      {"c70cff000f4240ffffffffffffffff", R"("1969-12-31T23:59:59.001Z")"},
      {"c70cff00000001ffffffffffffffff", R"("1969-12-31T23:59:59.001Z")"},
      {"c70cff000000007fffffffffffffff", "null"},
      {"c70cff000000008000000000000000", "null"},
  };
  for (const auto& [hex, json] : cases) {
    EXPECT_EQ(json_of(hex), json) << hex;
  }
}

TEST(MsgpackToJson, ReportsWhatIsBinary) {
  const auto good = msgpack_to_json(from_hex("93c402010281a161c5000103c7010544"), {});

  ASSERT_TRUE(good);
  EXPECT_EQ(good->json, R"([{"_placeholder":true,"num":0},{"a":{"_placeholder":true,"num":1}},)"
                        R"([5,{"_placeholder":true,"num":2}]])");
  EXPECT_EQ(good->attachments, (std::vector<std::string>{"\x01\x02", "\x03", "D"}));
}

TEST(MsgpackToJson, RefusesWhatIsMalformed) {
  const char* const cases[] = {
      "",                // nothing
      "c1",              // never used
      "cc",              // cut
      "a241",            // cut in a string
      "91",              // an element is missing
      "81a161",          // a value is missing
      "dcffff",          // announces a lot
      "ddffffffff",      // announces more
      "dbffffffff41",    //
      "c9ffffffff0141",  //
      "0101",            // something behind
      "819001",          // an array as key
      "81c4000180",      // bytes as key
  };
  for (const char* const hex : cases) {
    EXPECT_TRUE(json_of(hex) == "refused: malformed" || json_of(hex) == "refused: too_large") << hex;
  }
}

TEST(MsgpackToJson, RefusesWhatIsTooMuch) {
  const std::string deep = std::string(bus_message_depth_max, '\x91') + '\x01';
  EXPECT_TRUE(msgpack_to_json(deep, {}));
  EXPECT_EQ(msgpack_to_json('\x91' + deep, {}).error(), RejectReason::too_large);
  EXPECT_EQ(msgpack_to_json(std::string(1'000'000, '\x91'), {}).error(), RejectReason::too_large);

  EXPECT_TRUE(msgpack_to_json(from_hex("93010203"), {.values_max = 4}));
  EXPECT_EQ(msgpack_to_json(from_hex("93010203"), {.values_max = 3}).error(), RejectReason::too_large);
  EXPECT_EQ(msgpack_to_json(from_hex("93010203"), {.message_bytes_max = 3}).error(), RejectReason::too_large);
  EXPECT_EQ(msgpack_to_json(from_hex("92c400c400"), {.attachments_max = 1}).error(), RejectReason::too_large);
}

}  // namespace
}  // namespace relay
