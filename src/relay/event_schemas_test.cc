#include "relay/event_schemas.h"

#include <chrono>
#include <cstdint>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace relay {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A folder that lives as long as the test.
class EventSchemasTest : public testing::Test {
 public:
  ~EventSchemasTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

 protected:
  EventSchemasTest() {
    std::string name = (fs::temp_directory_path() / "event_schemas_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  // The schemas with `schema` for the type "t" and nothing else.
  [[nodiscard]] EventSchemas one(std::string_view schema) const {
    write("t.json", schema);
    auto schemas = EventSchemas::load(folder_);
    if (!schemas) ADD_FAILURE() << schema << ": " << schemas.error().front();
    return std::move(schemas.value());
  }

  [[nodiscard]] std::vector<std::string> problems(std::string_view schema) const {
    write("t.json", schema);
    auto schemas = EventSchemas::load(folder_);
    return schemas ? std::vector<std::string>() : std::move(schemas.error());
  }

  fs::path folder_;
};

std::string text_of(const std::vector<FieldError>& errors) {
  std::string text;
  for (const FieldError& error : errors) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", error.path, error.message);
  }
  return text;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

struct Case {
  std::string_view schema;
  std::string_view payload;
  std::string_view problem;  // empty: it matches
};

constexpr Case cases[] = {
    {R"(true)", R"({"a":1})", ""},
    {R"(false)", R"(1)", "/payload is not allowed"},
    {R"({})", R"(null)", ""},

    {R"({"type":"object"})", R"({})", ""},
    {R"({"type":"object"})", R"([])", "/payload must be an object"},
    {R"({"type":["string","null"]})", R"(null)", ""},
    {R"({"type":["string","null"]})", R"(1)", "/payload must be null or a string"},
    {R"({"type":"boolean"})", R"(false)", ""},
    {R"({"type":"boolean"})", R"(0)", "/payload must be a boolean"},
    {R"({"type":"integer"})", R"(1.0)", ""},
    {R"({"type":"integer"})", R"(10e-1)", ""},
    {R"({"type":"integer"})", R"(1e400)", ""},
    {R"({"type":"integer"})", R"(123456789012345678901234567890)", ""},
    {R"({"type":"integer"})", R"(1.5)", "/payload must be an integer"},
    {R"({"type":"integer"})", R"(1e-400)", "/payload must be an integer"},
    {R"({"$schema":"http://json-schema.org/draft-04/schema#","type":"integer"})", R"(1.0)",
     "/payload must be an integer"},
    {R"({"type":"number"})", R"("1")", "/payload must be a number"},

    {R"({"enum":["a",1,{"x":[1]}]})", R"("a")", ""},
    {R"({"enum":["a",1,{"x":[1]}]})", R"(1.0)", ""},
    {R"({"enum":["a",1,{"x":[1]}]})", R"({ "x" : [ 1e0 ] })", ""},
    {R"({"enum":["a",1]})", R"("secret")", R"(/payload must be one of "a", 1)"},
    {R"({"const":{"a":1,"b":2}})", R"({"b":2,"a":1})", ""},
    {R"({"const":0})", R"(-0)", ""},
    {R"({"const":0})", R"(false)", "/payload must be 0"},
    {R"({"const":"\u00e9"})", R"("\u00E9")", ""},

    {R"({"minimum":5})", R"(5)", ""},
    {R"({"minimum":5})", R"(4.999999999999999999999999)", "/payload must be at least 5"},
    {R"({"minimum":5})", R"("x")", ""},
    {R"({"maximum":10000000000000000})", R"(10000000000000001)",
     "/payload must be at most 10000000000000000"},
    {R"({"maximum":5})", R"(1e400)", "/payload must be at most 5"},
    {R"({"maximum":-5})", R"(-1e400)", ""},
    {R"({"exclusiveMinimum":0})", R"(0.0)", "/payload must be more than 0"},
    {R"({"exclusiveMinimum":0})", R"(1e-400)", ""},
    {R"({"exclusiveMaximum":1})", R"(1)", "/payload must be less than 1"},
    {R"({"$schema":"http://json-schema.org/draft-04/schema","maximum":1,"exclusiveMaximum":true})", R"(1)",
     "/payload must be less than 1"},
    {R"({"$schema":"http://json-schema.org/draft-04/schema","maximum":1,"exclusiveMaximum":false})", R"(1)",
     ""},
    {R"({"multipleOf":0.01})", R"(19.99)", ""},
    {R"({"multipleOf":0.01})", R"(19.999)", "/payload must be a multiple of 0.01"},
    {R"({"multipleOf":3})", R"(3e300)", ""},
    {R"({"multipleOf":7})", R"(1e300)", "/payload must be a multiple of 7"},
    {R"({"multipleOf":5})", R"(0)", ""},

    {R"({"minLength":2})", R"("é")", "/payload must have at least 2 characters"},
    {R"({"maxLength":1})", R"("😀")", ""},
    {R"({"maxLength":1})", R"("\ud83d\ude00")", ""},
    {R"({"maxLength":1})", R"("ab")", "/payload must have at most 1 characters"},
    {R"({"pattern":"^[a-z]+$"})", R"("abc")", ""},
    {R"({"pattern":"b"})", R"("abc")", ""},
    {R"({"pattern":"^[a-z]+$"})", R"("a1")", "/payload must match the pattern ^[a-z]+$"},
    {R"({"pattern":"^[a-z]+$"})", R"("a\u0000")", "/payload must match the pattern ^[a-z]+$"},
    {R"({"format":"date"})", R"("2024-02-29")", ""},
    {R"({"format":"date"})", R"("2023-02-29")", "/payload must have the format date"},

    {R"({"items":{"type":"string"}})", R"(["a"])", ""},
    {R"({"items":{"type":"string"}})", R"(["a",1])", "/payload/1 must be a string"},
    {R"({"items":[{"type":"string"}],"additionalItems":false})", R"(["a"])", ""},
    {R"({"items":[{"type":"string"}],"additionalItems":false})", R"(["a",1])", "/payload/1 is not allowed"},
    {R"({"items":[{"type":"string"},true]})", R"([0])", "/payload/0 must be a string"},
    {R"({"items":{},"additionalItems":false})", R"([1,2])", ""},
    {R"({"minItems":1})", R"([])", "/payload must have at least 1 elements"},
    {R"({"maxItems":1})", R"([1,2])", "/payload must have at most 1 elements"},
    {R"({"uniqueItems":true})", R"([1,"1",[1],{"a":1},true,null,"[1]"])", ""},
    {R"({"uniqueItems":true})", R"([1,2,1.0])", "/payload must not have equal elements"},
    {R"({"uniqueItems":true})", R"([{"a":1,"b":[2]},{"b":[2.0],"a":1}])",
     "/payload must not have equal elements"},
    {R"({"uniqueItems":false})", R"([1,1])", ""},
    {R"({"contains":{"const":1}})", R"([0,1])", ""},
    {R"({"contains":{"const":1}})", R"([])",
     "/payload must have an element that matches the schema of contains"},

    {R"({"required":["a","b"]})", R"({"a":1})", "/payload/b is required"},
    {R"({"required":["a/b"]})", R"({})", "/payload/a~1b is required"},
    {R"({"required":[""]})", R"({})", "/payload/ is required"},
    {R"({"required":["a"]})", R"({"\u0061":1})", ""},
    {R"({"properties":{"a":{"type":"string"}}})", R"({"a":"x","b":1})", ""},
    {R"({"properties":{"a":{"properties":{"b~":{"type":"string"}}}}})", R"({"a":{"b~":1}})",
     "/payload/a/b~0 must be a string"},
    {R"({"properties":{"a":true},"additionalProperties":false})", R"({"a":1,"b":2})",
     "/payload/b is not allowed"},
    {R"({"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false})", R"({"x-a":"b"})", ""},
    {R"({"patternProperties":{"^x-":{"type":"string"}}})", R"({"x-a":1})", "/payload/x-a must be a string"},
    {R"({"additionalProperties":{"type":"string"}})", R"({"a":1})", "/payload/a must be a string"},
    {R"({"minProperties":1})", R"({})", "/payload must have at least 1 properties"},
    {R"({"maxProperties":1})", R"({"a":1,"b":1})", "/payload must have at most 1 properties"},
    {R"({"propertyNames":{"maxLength":2}})", R"({"abc":1})",
     "/payload/abc has a name that does not match propertyNames"},
    {R"({"dependencies":{"card":["address"]}})", R"({"card":1})", "/payload/address is required beside card"},
    {R"({"dependencies":{"card":["address"]}})", R"({})", ""},
    {R"({"dependencies":{"card":{"required":["name"]}}})", R"({"card":1})", "/payload/name is required"},

    {R"({"allOf":[{"minimum":1},{"maximum":2}]})", R"(3)", "/payload must be at most 2"},
    {R"({"anyOf":[{"type":"string"},{"minimum":5}]})", R"(7)", ""},
    {R"({"anyOf":[{"type":"string"},{"minimum":5}]})", R"(4)",
     "/payload must match at least one of the schemas of anyOf"},
    {R"({"oneOf":[{"type":"string"},{"type":"number"}]})", R"(7)", ""},
    {R"({"oneOf":[{"type":"string"},{"type":"number"}]})", R"(null)",
     "/payload must match one of the schemas of oneOf, but matches none"},
    {R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", R"(7)",
     "/payload must match one of the schemas of oneOf, but matches more"},
    {R"({"not":{"type":"string"}})", R"("a")", "/payload must not match the schema of not"},
    {R"({"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}})", R"({"a":1})",
     "/payload/b is required"},
    {R"({"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}})", R"({"c":1})", ""},

    {R"({"definitions":{"a/b":{"type":"string"}},"items":{"$ref":"#/definitions/a~1b"}})", R"([1])",
     "/payload/0 must be a string"},
    {R"({"definitions":{"é%":{"type":"string"}},"items":{"$ref":"#/definitions/%C3%A9%25"}})", R"([1])",
     "/payload/0 must be a string"},
    {R"({"items":[{"type":"string"},{"$ref":"#/items/0"}]})", R"(["a",1])", "/payload/1 must be a string"},
    {R"({"definitions":{"a":{"$id":"#name","type":"string"}},"items":{"$ref":"#name"}})", R"([1])",
     "/payload/0 must be a string"},
    {R"({"properties":{"next":{"$ref":"#"}},"required":["id"]})", R"({"id":1,"next":{"id":2,"next":{}}})",
     "/payload/next/next/id is required"},

    {R"({})", R"({"a":{"b":1,"c":2,"b":3,"b":4}})", "/payload/a/b is there twice"},
    {R"({})", R"(["\ud800"])",
     "/payload/0 must not have one half of a surrogate pair, which is no character"},
    {R"({})", R"({"a\udc00":1})",
     "/payload/a\\udc00 must not have one half of a surrogate pair, which is no character"},
    {R"({})", R"([1e1000000001])", "/payload/0 has an exponent that is out of range"},
    {R"({})", R"([1e99999999999999999999999999])", "/payload/0 has an exponent that is out of range"},
    {R"({"maximum":1})", R"(0e5)", ""},
};

TEST_F(EventSchemasTest, EveryKeywordPassesAndFailsWhereItShould) {
  for (const auto& [schema, payload, problem] : cases) {
    EXPECT_EQ(text_of(one(schema).check("t", payload)), problem) << schema << " " << payload;
  }
}

struct FormatCase {
  std::string_view format;
  std::string_view good;
  std::string_view bad;
};

TEST_F(EventSchemasTest, EveryFormatIsChecked) {
  constexpr FormatCase formats[] = {
      {"date", "2024-02-29", "2024-2-29"},
      {"time", "23:59:60.5Z", "24:00:00Z"},
      {"time", "12:00:00+02:00", "12:00:00"},
      {"date-time", "2024-02-29T12:00:00.123+01:00", "2024-02-29 12:00:00Z"},
      {"email", "a.b+c@example.com", "a@b@c"},
      {"email", R"(\"a b\"@[127.0.0.1])", ".a@example.com"},
      {"email", "a@[IPv6:::1]", "a@-x.example"},
      {"hostname", "a-1.example.com", "a..b"},
      {"hostname", "x", "-a.example"},
      {"ipv4", "127.0.0.1", "127.0.0.01"},
      {"ipv4", "0.0.0.0", "1.2.3"},
      {"ipv6", "::ffff:1.2.3.4", "1::2::3"},
      {"ipv6", "::", "::1\\u0000"},
      {"json-pointer", "/a~1b/0", "a"},
      {"json-pointer", "", "/a~2"},
      {"uri", "https://u:p@example.com:8080/a/b%20c?d=e#f", "/relative"},
      {"uri", "mailto:a@example.com", "http://a b"},
      {"uri", "http://[2001:db8::7]/c", "http://a/%zz"},
      {"uri-reference", "../a?b#c", "a:b\\\\c"},
      {"uri-reference", "", "#a#b"},
      {"uuid", "f81d4fae-7dec-11d0-A765-00a0c91e6bf6", "f81d4fae7dec11d0a76500a0c91e6bf6"},
  };
  for (const auto& [format, good, bad] : formats) {
    const EventSchemas schemas = one(fmt::format(R"({{"format":"{}"}})", format));
    EXPECT_EQ(text_of(schemas.check("t", fmt::format("\"{}\"", good))), "") << format << " " << good;
    EXPECT_EQ(text_of(schemas.check("t", fmt::format("\"{}\"", bad))),
              fmt::format("/payload must have the format {}", format))
        << format << " " << bad;
    EXPECT_THAT(schemas.check("t", "1"), IsEmpty());
  }
}

TEST_F(EventSchemasTest, ReportsAllThatIsWrongAtOnce) {
  const EventSchemas schemas = one(R"({"required":["id","votes"],"additionalProperties":false,
      "properties":{"id":{"type":"string"},"votes":{"items":{"type":"integer","minimum":0}}}})");
  EXPECT_THAT(
      schemas.check("t", R"({"votes":[1,-1,2,"x"],"voter":true})"),
      ElementsAre(FieldError{"/payload/votes/1", "must be at least 0"},
                  FieldError{"/payload/votes/3", "must be an integer"},
                  FieldError{"/payload/voter", "is not allowed"}, FieldError{"/payload/id", "is required"}));
}

TEST_F(EventSchemasTest, ReportsOneFaultOnceAndNoMoreThanTheMost) {
  EXPECT_EQ(one(R"({"allOf":[{"type":"string"},{"type":"string"}]})").check("t", "1").size(), 1U);
  EXPECT_EQ(one(R"({"items":false})").check("t", "[" + repeated("1,", 999) + "1]").size(), field_errors_max);
}

TEST_F(EventSchemasTest, CutsLongNamesInPointers) {
  const std::string name(10000, 'n');
  const auto errors = one(R"({"additionalProperties":false})").check("t", "{\"" + name + "\":1}");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_LT(errors.front().path.size(), 200U);
}

TEST_F(EventSchemasTest, KnowsTypesByTheirDecodedFileNames) {
  write("vote%2Fcast.json", R"({"type":"object"})");
  write("a b.json", "true");
  write("README.md", "not a schema");
  write("vote.json.bak", "not a schema");
  auto loaded = EventSchemas::load(folder_);
  ASSERT_TRUE(loaded.has_value());
  const EventSchemas schemas = std::move(*loaded);
  EXPECT_EQ(schemas.size(), 2U);
  EXPECT_TRUE(schemas.knows("vote/cast"));
  EXPECT_TRUE(schemas.knows("a b"));
  EXPECT_FALSE(schemas.knows("vote%2Fcast"));
  EXPECT_THAT(schemas.check("vote/cast", "1"), ElementsAre(FieldError{"/payload", "must be an object"}));
  EXPECT_THAT(schemas.check("unknown", "1"), IsEmpty());
}

struct Refusal {
  std::string_view schema;
  std::string_view problem;
};

TEST_F(EventSchemasTest, SaysWhyItRefusesASchema) {
  constexpr Refusal refusals[] = {
      {"{", "is not JSON: expected a key at byte 1"},
      {"", "is not JSON: expected a value at byte 0"},
      {"\"\xff\"", "is not valid UTF-8"},
      {"[]", "a schema must be an object or a boolean"},
      {R"({"type":"string","type":"null"})", "/type is there twice"},
      {R"({"foo":1})", R"(keyword "foo" is unknown)"},
      {R"({"properties":{"a":{"minLenght":1}}})", R"(/properties/a: keyword "minLenght" is unknown)"},
      {R"({"$defs":{}})", R"(keyword "$defs" is of a later draft: drafts 4 to 7 have definitions)"},
      {R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})",
       R"("$schema" "https://json-schema.org/draft/2020-12/schema" is not of draft-04, draft-06 or draft-07)"},
      {R"({"$schema":"https://json-schema.org/draft/2019-09/schema"})",
       R"("$schema" "https://json-schema.org/draft/2019-09/schema" is not of draft-04, draft-06 or draft-07)"},
      {R"({"$schema":7})", R"("$schema" "7" is not of draft-04, draft-06 or draft-07)"},
      {R"({"items":{"$schema":"http://json-schema.org/draft-04/schema"}})",
       R"(/items: keyword "$schema" belongs to the root of the file)"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema","const":1})",
       R"(keyword "const" is unknown to draft 4)"},
      {R"({"$schema":"http://json-schema.org/draft-06/schema#","if":{}})",
       R"(keyword "if" is unknown to draft 6)"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema","not":true})",
       "/not: a schema of draft 4 must be an object"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema","exclusiveMinimum":true})",
       R"(keyword "exclusiveMinimum" checks nothing without "minimum" in draft 4)"},
      {R"({"type":"strnig"})",
       R"(keyword "type" must be one of null, boolean, integer, number, string, array, object, or an array of them)"},
      {R"({"type":[]})", R"(keyword "type" must be a type or an array of types, each once)"},
      {R"({"enum":[]})", R"(keyword "enum" must be an array of at least one value)"},
      {R"({"minimum":"1"})", R"(keyword "minimum" must be a number)"},
      {R"({"exclusiveMinimum":true})", R"(keyword "exclusiveMinimum" must be a number)"},
      {R"({"multipleOf":0})",
       R"(keyword "multipleOf" must be a positive number of at most 9 significant digits)"},
      {R"({"minLength":-1})", R"(keyword "minLength" must be a non-negative integer of at most 18 digits)"},
      {R"({"required":"a"})", R"(keyword "required" must be an array of names, each once)"},
      {R"({"required":["a","a"]})", R"(keyword "required" must be an array of names, each once)"},
      {R"({"uniqueItems":1})", R"(keyword "uniqueItems" must be a boolean)"},
      {R"({"properties":[]})", R"(keyword "properties" must be an object of schemas)"},
      {R"({"properties":{"a":1}})", "/properties/a: a schema must be an object or a boolean"},
      {R"({"allOf":[]})", R"(keyword "allOf" must be an array of at least one schema)"},
      {R"({"then":{}})", R"(keyword "then" checks nothing without "if")"},
      {R"({"dependencies":{"a":[1]}})",
       R"(keyword "dependencies" must hold schemas or arrays of names, each once)"},
      {R"x({"pattern":"(?=a)"})x", "keyword \"pattern\" is not taken by RE2: invalid perl operator: (?="},
      {R"({"pattern":"(a)\\1"})", R"(keyword "pattern" is not taken by RE2: invalid escape sequence: \1)"},
      {R"({"patternProperties":{"[":{}}})",
       R"(keyword "patternProperties" has a pattern, "[", that is not taken by RE2: missing ]: [)"},
      {R"({"pattern":"[ab]{1000}[ab]{1000}[ab]"})",
       "keyword \"pattern\" is too large, 2005 instructions of at most 2000: smaller counts, or minLength "
       "and "
       "maxLength, make it less"},
      {R"({"format":"phone"})",
       "keyword \"format\" must be one of the formats that are checked: date, date-time, email, hostname, "
       "ipv4, "
       "ipv6, time, json-pointer, uri, uri-reference, uuid"},
      {R"({"items":{"$ref":"other.json#/a"}})",
       R"(/items: $ref "other.json#/a" leads out of the file: only #... is allowed)"},
      {R"({"items":{"$ref":"#/definitions/a"}})", R"(/items: $ref "#/definitions/a" leads nowhere)"},
      {R"({"items":{"$ref":"#a"}})", R"(/items: $ref "#a" leads nowhere)"},
      {R"({"items":{"$ref":"#/%zz"}})", R"(/items: $ref "#/%zz" leads nowhere)"},
      {R"({"enum":[{}],"items":{"$ref":"#/enum/0"}})",
       R"(/items: $ref "#/enum/0" does not lead to a schema)"},
      {R"({"$ref":1})", R"(keyword "$ref" must be a string)"},
      {R"({"$ref":"#"})", "refers to itself for one and the same value, without end"},
      {R"({"definitions":{"a":{"allOf":[{"$ref":"#/definitions/b"}]},"b":{"not":{"$ref":"#/definitions/a"}}}})",
       "/definitions/a: refers to itself for one and the same value, without end"},
      {R"({"items":{"$ref":"#","minLength":1}})",
       R"(/items: keyword "minLength" stands beside $ref, where it checks nothing: put both into allOf)"},
      {R"({"items":{"$id":"http://example.com/a"}})",
       R"(/items: keyword "$id" would change what references mean: below the root it may only be #name)"},
  };
  for (const auto& [schema, problem] : refusals) {
    EXPECT_THAT(problems(schema), ElementsAre("t.json: " + std::string(problem))) << schema;
  }
}

TEST_F(EventSchemasTest, TakesAnnotationsBesideEverything) {
  EXPECT_THAT(
      problems(R"({"$schema":"http://json-schema.org/draft-07/schema#","$id":"http://example.com/t.json",
      "$comment":"c","title":"t","description":"d","default":1,"examples":[{"foo":1}],"readOnly":true,
      "writeOnly":false,"contentMediaType":"text/plain","contentEncoding":"base64",
      "definitions":{"a":{}},"$ref":"#/definitions/a"})"),
      IsEmpty());
}

TEST_F(EventSchemasTest, ReportsEveryProblemOfEveryFile) {
  write("a.json", R"({"foo":1,"properties":{"b":{"bar":1}}})");
  write("b%.json", "{}");
  write("connect.json", "{}");
  write("relay%3Ax.json", "{}");
  write("c.json", "{}");
  write("%63.json", "{}");
  fs::create_directory(folder_ / "folder.json");
  const auto schemas = EventSchemas::load(folder_);
  ASSERT_FALSE(schemas.has_value());
  EXPECT_THAT(
      schemas.error(),
      ElementsAre(R"(a.json: keyword "foo" is unknown)", R"(a.json: /properties/b: keyword "bar" is unknown)",
                  "b%.json: the name has a % that no two hexadecimal digits follow",
                  "c.json: is a second file for its type",
                  "connect.json: the event's type must not be a name that Socket.IO reserves",
                  "folder.json: is not a file",
                  "relay%3Ax.json: the event's type must not begin with relay:, which is for the relay's "
                  "own events"));
}

TEST_F(EventSchemasTest, BoundsFilesAndWhatTheyHold) {
  EXPECT_THAT(problems("{\"$comment\":\"" + std::string(schema_bytes_max, 'a') + "\"}"),
              ElementsAre("t.json: has more than 1048576 bytes"));
  EXPECT_THAT(problems(repeated(R"({"not":)", 64) + "{}" + std::string(64, '}')),
              ElementsAre(HasSubstr("t.json: is not JSON: ")));
  EXPECT_THAT(problems(repeated(R"({"not":)", 40) + "{}" + std::string(40, '}')),
              ElementsAre(HasSubstr("applies more than 32 schemas to one value, one inside another")));
  EXPECT_THAT(problems(R"({"allOf":[)" + repeated("{},", 10000) + "{}]}"),
              ElementsAre("t.json: /allOf/9999: is one of more than 10000 schemas"));
  for (std::size_t i = 0; i <= schema_files_max; ++i) write(fmt::format("n{}.json", i), "{}");
  EXPECT_THAT(problems("{}"), ElementsAre(HasSubstr("the folder has more than 1000 schemas")));
  EXPECT_THAT(EventSchemas::load(folder_ / "none").error(),
              ElementsAre(HasSubstr("cannot read the folder: ")));
}

// What a stranger can make of a schema that an operator may write. The time allowed is that of a sanitizer's
// build on a busy machine; a release build takes a tenth.
TEST_F(EventSchemasTest, NoPayloadTakesLong) {
  constexpr std::size_t payload_bytes = 262144;
  std::string alternating;
  for (std::uint64_t state = 1; alternating.size() < payload_bytes;) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    alternating += state >> 63U == 0 ? 'a' : 'b';
  }
  std::string numbers;
  std::string names;
  for (int i = 0; numbers.size() < payload_bytes - 10; ++i)
    numbers += fmt::format("{}{}", i > 0 ? "," : "", i);
  for (int i = 0; names.size() < payload_bytes - 20; ++i)
    names += fmt::format("{}\"{}\":0", i > 0 ? "," : "", i);
  std::string doubling = R"({"definitions":{"d0":{"type":"string"})";
  for (int i = 1; i < 15; ++i) {
    doubling += fmt::format(
        R"(,"d{0}":{{"anyOf":[{{"$ref":"#/definitions/d{1}"}},{{"$ref":"#/definitions/d{1}"}}]}})", i, i - 1);
  }
  doubling += R"(},"items":{"$ref":"#/definitions/d14"}})";
  struct Hostile {
    std::string schema;
    std::string payload;
  };
  const Hostile hostile[] = {
      {R"({"pattern":"^(a+)+$"})", "\"" + std::string(payload_bytes, 'a') + "!\""},
      {R"({"pattern":"^(a|b)*$"})", "\"" + alternating + "\""},
      {R"({"pattern":"a[ab]{500}c"})", "\"" + alternating + "\""},
      {R"({"pattern":"(((a?b?){5}){5}){5}c"})", "\"" + alternating + "\""},
      {R"({"patternProperties":{"a[ab]{30}c":{},"b[ab]{30}c":{}}})", "{\"" + alternating + "\":1}"},
      {R"({"uniqueItems":true})", "[" + numbers + "]"},
      {R"({"uniqueItems":true})", "[" + repeated("[],", payload_bytes / 3) + "[1]]"},
      {R"({"uniqueItems":true,"items":{"$ref":"#"}})", repeated("[[],", 62) + "1" + std::string(62, ']')},
      {R"({"items":{"allOf":[{"$ref":"#"},{"$ref":"#"}]}})", std::string(60, '[') + std::string(60, ']')},
      {R"({"items":{"type":"string"}})", "[" + numbers + "]"},
      {R"({"additionalProperties":{"$ref":"#"},"propertyNames":{"format":"uuid"}})", "{" + names + "}"},
      {R"({"dependencies":{"0":["1","2","x"],"5":{"required":["y"]}}})", "{" + names + "}"},
      {R"({"not":{"items":{"items":{"items":{"type":"null"}}}}})",
       repeated("[", 60) + numbers + std::string(60, ']')},
      {R"({"multipleOf":0.01})", std::string(payload_bytes, '9')},
      {R"({"items":{"multipleOf":0.000000007}})", "[" + repeated("1e999999999,", payload_bytes / 12) + "1]"},
      {R"({"format":"uri"})", "\"a://" + std::string(payload_bytes, '%') + "\""},
      {R"({"format":"email"})", "\"" + std::string(payload_bytes, '.') + "\""},
      {doubling, "[" + repeated("1,", payload_bytes / 2) + "1]"},
  };
  for (const auto& [schema, payload] : hostile) {
    const EventSchemas schemas = one(schema);
    const auto start = steady_clock::now();
    const auto errors = schemas.check("t", payload);
    const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
    EXPECT_LT(took, milliseconds(1000)) << schema;
    EXPECT_LE(errors.size(), field_errors_max);
  }
}

TEST_F(EventSchemasTest, RefusesWhatTakesTooMuchWorkAndSaysSo) {
  const EventSchemas schemas = one(R"({"items":{"allOf":[{"$ref":"#"},{"$ref":"#"}]}})");
  EXPECT_EQ(text_of(schemas.check("t", std::string(40, '[') + std::string(40, ']'))),
            "/payload takes too much work to be judged by its schema");
  EXPECT_THAT(schemas.check("t", "[[[[[[[[]]]]]]]]"), IsEmpty());
}

TEST_F(EventSchemasTest, LongStringsOfOneCharacterClassAreFine) {
  const EventSchemas schemas = one(R"({"properties":{"data":{"pattern":"^[A-Za-z0-9+/=]*$"},
      "name":{"pattern":"^[\\p{L} '-]+$"}}})");
  EXPECT_THAT(
      schemas.check("t", fmt::format(R"({{"data":"{}","name":"{}"}})", std::string(200000, 'x'), "Zoë")),
      IsEmpty());
}

}  // namespace
}  // namespace relay
