#include "relay/publish_request.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace relay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::expected<PublishRequest, PublishRefusal> parse(std::string_view body) {
  return parse_publish(body, {});
}

// The paths of the errors of an invalid event.
std::vector<std::string> paths(std::string_view body) {
  const auto request = parse(body);
  if (request) return {"accepted"};
  EXPECT_EQ(to_string(request.error().code), "invalid_event") << body;
  std::vector<std::string> out;
  for (const FieldError& error : request.error().errors) {
    out.push_back(error.path);
    EXPECT_FALSE(error.message.empty()) << body;
  }
  return out;
}

std::string list_of(std::size_t count, std::string_view prefix) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) text += fmt::format("{}\"{}{}\"", i == 0 ? "" : ",", prefix, i);
  return text + "]";
}

std::string nested(std::size_t levels) {
  return R"({"room":"r","type":"t","payload":)" + std::string(levels - 1, '[') +
         std::string(levels - 1, ']') + "}";
}

TEST(ParsePublish, ReadsEveryField) {
  const auto request = parse(R"({"room":"a","rooms":["b","a","c"],"account":"ann","type":"vote.cast",
      "payload":{"x":1.0},"timestamp":"2026-01-31T12:00:00+02:00","nonce":"12345678","except":["id-1","id-2","id-1"],
      "delivery":"volatile"})");

  ASSERT_TRUE(request);
  EXPECT_THAT(request->targets, ElementsAre("a", "b", "c", "~account/ann"));
  EXPECT_THAT(request->except, ElementsAre("id-1", "id-2"));
  EXPECT_EQ(request->type, "vote.cast");
  EXPECT_EQ(request->payload_json, R"({"x":1.0})");
  EXPECT_EQ(request->timestamp, "2026-01-31T12:00:00+02:00");
  EXPECT_EQ(request->nonce, "12345678");
  EXPECT_TRUE(request->is_volatile);
}

TEST(ParsePublish, NeedsATargetAndAType) {
  const auto request = parse(R"( {"type":"t","room":"r"} )");

  ASSERT_TRUE(request);
  EXPECT_EQ(request->payload_json, "{}");
  EXPECT_THAT(request->except, IsEmpty());
  EXPECT_EQ(request->timestamp, std::nullopt);
  EXPECT_EQ(request->nonce, std::nullopt);
  EXPECT_FALSE(request->is_volatile);
  EXPECT_THAT(paths("{}"), UnorderedElementsAre("/room", "/type"));
  EXPECT_THAT(paths(R"({"room":"r"})"), ElementsAre("/type"));
  EXPECT_THAT(paths(R"({"type":"t"})"), ElementsAre("/room"));
}

TEST(ParsePublish, KnowsTheAliases) {
  const auto request = parse(R"({"sessionId":"r","event":"t"})");

  ASSERT_TRUE(request);
  EXPECT_THAT(request->targets, ElementsAre("r"));
  EXPECT_EQ(request->type, "t");
  EXPECT_THAT(paths(R"({"sessionId":"r","room":"r","event":"t"})"), ElementsAre("/sessionId"));
  EXPECT_THAT(paths(R"({"room":"r","event":"t","type":"t"})"), ElementsAre("/event"));
  EXPECT_THAT(paths(R"({"sessionId":"","event":5})"), ElementsAre("/sessionId", "/event"));
}

TEST(ParsePublish, FoldsAnAccountIntoItsPrivateRoom) {
  EXPECT_THAT(parse(R"({"account":"x","room":"~account/x","type":"t"})")->targets, ElementsAre("~account/x"));
}

TEST(ParsePublish, ReadsEscapesInKeysAndNames) {
  const auto request =
      parse(R"({"ro\u006fm":"\u00e9\ud83d\ude00","t\u0079pe":"a\/b","delivery":"vol\u0061tile"})");

  ASSERT_TRUE(request);
  EXPECT_THAT(request->targets, ElementsAre("\u00e9\U0001F600"));
  EXPECT_EQ(request->type, "a/b");
  EXPECT_TRUE(request->is_volatile);
}

TEST(ParsePublish, KeepsThePayloadsBytes) {
  for (const std::string_view payload :
       {"null", "true", "42", "\"\"", "[1.0,1.50,1e5,-0.0,1e400,18446744073709551616]",
        R"({"b":1,"a":2,"b":3,"10":4})", R"("\ud800 \u0041 \/ é")", "[ 1 ,\n 2 ]"}) {
    const std::string body = fmt::format(R"({{"room":"r","payload": {} ,"type":"t"}})", payload);
    const auto request = parse(body);
    ASSERT_TRUE(request) << body;
    EXPECT_EQ(request->payload_json, payload);
  }
}

struct FieldCase {
  std::string members;  // besides a good room and type, which a member of the same name replaces
  std::string path;     // empty: accepted
};

std::string event_with(const std::string& members) {
  std::string body = "{" + members;
  if (!members.starts_with("\"room\"")) body += R"(,"room":"r")";
  if (!members.starts_with("\"type\"")) body += R"(,"type":"t")";
  return body + "}";
}

std::string field(std::string_view name, std::string_view text) {
  return fmt::format(R"("{}":"{}")", name, text);
}

TEST(ParsePublish, JudgesEachField) {
  const std::string euro = "\u20ac";
  const auto euros = [&](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += euro;
    return text;
  };
  for (const FieldCase& c : std::vector<FieldCase>{
           {field("room", "x"), ""},
           {field("room", std::string(200, 'x')), ""},
           {field("room", std::string(201, 'x')), "/room"},
           {field("room", "~account/" + std::string(200, 'x')), ""},
           {field("room", "~account/" + std::string(201, 'x')), "/room"},
           {field("room", "~aaaaaaaaaaaaaaaaaaa"), ""},
           {field("room", ""), "/room"},
           {R"("room":5)", "/room"},
           {R"("room":null)", "/room"},
           {R"("room":["a"])", "/room"},
           {R"("room":{"a":1})", "/room"},
           {field("room", R"(a\nb)"), "/room"},
           {field("room", R"(a\u0000b)"), "/room"},
           {field("room", R"(a\u0085b)"), "/room"},
           {field("room", R"(a\u00a0b)"), ""},
           {field("room", R"(a\ud800b)"), "/room"},
           {field("room", "a b/c?d%é😀"), ""},
           {R"("rooms":["a"])", ""},
           {R"("rooms":[])", "/rooms"},
           {R"("rooms":"a")", "/rooms"},
           {R"("rooms":["a","",5,"b"])", "/rooms/1 /rooms/2"},
           {"\"rooms\":" + list_of(100, "r"), ""},
           {"\"rooms\":" + list_of(101, "r"), "/rooms"},
           {"\"rooms\":" + list_of(5000, "r"), "/rooms"},
           {field("account", "x"), ""},
           {field("account", std::string(201, 'x')), "/account"},
           {field("account", R"(a\nb)"), "/account"},
           {field("account", ""), "/account"},
           {R"("account":["a"])", "/account"},
           {field("type", "x"), ""},
           {field("type", std::string(128, 'x')), ""},
           {field("type", std::string(129, 'x')), "/type"},
           {field("type", euros(42)), ""},
           {field("type", euros(43)), "/type"},
           {field("type", ""), "/type"},
           {field("type", R"(\u001fx)"), "/type"},
           {field("type", R"(a\u007fb)"), "/type"},
           {field("type", R"(\udc00)"), "/type"},
           {field("type", "connect"), "/type"},
           {field("type", "relay:x"), "/type"},
           {field("type", R"(rel\u0061y:x)"), "/type"},
           {R"("type":null)", "/type"},
           {field("timestamp", "2020-02-29T23:59:59Z"), ""},
           {field("timestamp", "2026-01-31"), "/timestamp"},
           {field("timestamp", "2026-13-01T00:00:00Z"), "/timestamp"},
           {field("timestamp", ""), "/timestamp"},
           {R"("timestamp":1769860800)", "/timestamp"},
           {R"("timestamp":null)", "/timestamp"},
           {field("nonce", "seven77"), "/nonce"},
           {field("nonce", std::string(201, 'n')), "/nonce"},
           {R"("nonce":12345678)", "/nonce"},
           {R"("except":[])", ""},
           {"\"except\":" + list_of(100, "id-"), ""},
           {"\"except\":" + list_of(101, "id-"), "/except"},
           {R"("except":"x")", "/except"},
           {R"("except":[1,"\ud800",""])", "/except/0 /except/1 /except/2"},
           {field("delivery", "volatile"), ""},
           {field("delivery", "normal"), "/delivery"},
           {R"("delivery":true)", "/delivery"},
           {R"("colour":1)", "/colour"},
           {R"("Room":"x")", "/Room"},
           {R"("a/b~c":1)", "/a~1b~0c"},
           {R"("":1)", "/"},
           {R"("\ud800":1)", "/\\ud800"},
       }) {
    const std::string body = event_with(c.members);
    const std::vector<std::string> got = paths(body);
    EXPECT_EQ(fmt::format("{}", fmt::join(got, " ")), c.path.empty() ? "accepted" : c.path) << body;
  }
}

TEST(ParsePublish, ReportsAllErrorsAtOnce) {
  const std::string body = R"({"room":"","type":"connect","extra":1,"except":"x","timestamp":"nope"})";

  EXPECT_THAT(paths(body), UnorderedElementsAre("/room", "/type", "/extra", "/except", "/timestamp"));
  EXPECT_EQ(parse(body).error().detail, "/room must have 1 to 200 bytes (and 4 more).");
}

TEST(ParsePublish, BoundsWhatItReports) {
  std::string body = R"({"room":"r","type":"t")";
  for (int i = 0; i < 10000; ++i) body += fmt::format(",\"unknown-{}\":1", i);
  const auto request = parse(body + "}");

  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().errors.size(), field_errors_max);
  EXPECT_THAT(request.error().detail, HasSubstr("(and 9999 more)"));
}

TEST(ParsePublish, NeverRepeatsAValue) {
  for (const std::string_view body :
       {R"({"room":"secret\n","type":["secret"],"payload":"secret","timestamp":"secret"})",
        R"({"room":"r","type":"t","payload":secret})", R"("secret")"}) {
    const auto request = parse(body);
    ASSERT_FALSE(request) << body;
    EXPECT_THAT(request.error().detail, testing::Not(HasSubstr("secret")));
    for (const FieldError& error : request.error().errors) {
      EXPECT_THAT(error.message, testing::Not(HasSubstr("secret")));
    }
  }
}

TEST(ParsePublish, RefusesWhatIsNotJson) {
  for (const std::string& body : std::vector<std::string>{
           "", " ", "{", R"({"room":"r","type":"a.b")", R"({"room":"r","type":"a.b",})",
           "{'room':'r','type':'a.b'}", R"({"room":"r","type":"t"}x)", R"({"room":"r","type":"t"}{})",
           "{\"room\":\"r\xff\",\"type\":\"t\"}", "\xef\xbb\xbf{}", R"({"room":"r","type":"t","payload":01})",
           R"({"room":"a","room":"b","type":"t"})", R"({"room":"r","type":"t","x":1,"x":2})",
           R"({"room":"r","type":"t","ty\u0070e":"t"})", R"({"room":"r","type":"t","\ud800":1,"\ud800":1})",
           nested(65), "5x", "[1"}) {
    const auto request = parse(body);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(to_string(request.error().code), "invalid_json") << body;
    EXPECT_THAT(request.error().errors, IsEmpty());
    EXPECT_FALSE(request.error().detail.empty());
  }
  EXPECT_TRUE(parse(nested(64)));
}

TEST(ParsePublish, NamesTheFieldThatIsThereTwice) {
  EXPECT_EQ(parse(R"({"room":"a","type":"t","room":"b"})").error().detail, "The field /room is there twice.");
}

TEST(ParsePublish, WantsAnObject) {
  for (const std::string_view body : {"5", "\"x\"", "null", "true", "[]"}) {
    EXPECT_THAT(paths(body), ElementsAre("")) << body;
  }
}

TEST(ParsePublish, BoundsTheBody) {
  const std::string body = R"({"room":"r","type":"t"})";
  EXPECT_TRUE(parse_publish(body, {.event_bytes_max = body.size()}));
  const auto request = parse_publish(body, {.event_bytes_max = body.size() - 1});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, PublishError::too_large);
}

TEST(Batch, IsAnArray) {
  EXPECT_TRUE(is_batch("[]"));
  EXPECT_TRUE(is_batch(" \t\r\n[{}"));
  EXPECT_FALSE(is_batch("{}"));
  EXPECT_FALSE(is_batch(""));
  EXPECT_FALSE(is_batch(" "));
}

TEST(Batch, IsSplitIntoItsEvents) {
  const auto events = split_batch(R"( [ {"a":1} , 5,[], "x" ] )");

  ASSERT_TRUE(events);
  EXPECT_THAT(*events, ElementsAre(R"({"a":1})", "5", "[]", R"("x")"));
}

TEST(Batch, LeavesNestingToEachEvent) {
  const std::string body = "[" + nested(64) + "," + nested(65) + "]";
  const auto events = split_batch(body);

  ASSERT_TRUE(events);
  EXPECT_TRUE(parse((*events)[0]));
  EXPECT_EQ(parse((*events)[1]).error().code, PublishError::invalid_json);
}

TEST(Batch, HasOneToThousandEvents) {
  const auto batch_of = [](std::size_t count) {
    std::string body = "[";
    for (std::size_t i = 0; i < count; ++i) body += i == 0 ? "{}" : ",{}";
    return body + "]";
  };
  EXPECT_EQ(split_batch(batch_of(1)).value().size(), 1U);
  EXPECT_EQ(split_batch(batch_of(1000)).value().size(), 1000U);
  EXPECT_EQ(split_batch(batch_of(0)).error().code, PublishError::invalid_event);
  EXPECT_EQ(split_batch(batch_of(1001)).error().code, PublishError::too_large);
}

TEST(Batch, IsJsonAsAWhole) {
  for (const std::string_view body : {"[", "[{}", "[{},]", "[{}]x", "[\"\xff\"]", "[{]", "{}"}) {
    const auto events = split_batch(body);
    ASSERT_FALSE(events) << body;
    EXPECT_EQ(events.error().code, PublishError::invalid_json) << body;
  }
}

struct NonceCase {
  std::optional<std::string> body;
  std::optional<std::string_view> nonce;
  std::optional<std::string_view> idempotency_key;
  std::optional<std::string> result;  // nullopt: refused
};

TEST(HeaderNonce, IsTheBodysOrComesInItsPlace) {
  for (const NonceCase& c : std::vector<NonceCase>{
           {std::nullopt, "nonce-one", std::nullopt, "nonce-one"},
           {std::nullopt, std::nullopt, "nonce-one", "nonce-one"},
           {std::nullopt, "nonce-one", "\"nonce-one\"", "nonce-one"},
           {"nonce-one", "nonce-one", std::nullopt, "nonce-one"},
           {"nonce-one", std::nullopt, std::nullopt, "nonce-one"},
           {"nonce-one", std::nullopt, "\"nonce-one\"", "nonce-one"},
           {std::nullopt, "nonce-one", "nonce-two", std::nullopt},
           {"nonce-two", "nonce-one", std::nullopt, std::nullopt},
           {"\"nonce-one\"", "\"nonce-one\"", std::nullopt, std::nullopt},
           {std::nullopt, "seven77", std::nullopt, std::nullopt},
           {std::nullopt, "\"seven77\"", std::nullopt, std::nullopt},
           {std::nullopt, "", std::nullopt, std::nullopt},
           {std::nullopt, "\"", std::nullopt, std::nullopt},
       }) {
    PublishRequest request;
    request.nonce = c.body;
    const auto applied = apply_header_nonce(request, c.nonce, c.idempotency_key);
    ASSERT_EQ(applied.has_value(), c.result.has_value());
    if (applied) {
      EXPECT_EQ(request.nonce, c.result);
    } else {
      EXPECT_EQ(applied.error().code, PublishError::invalid_event);
      EXPECT_EQ(applied.error().errors.front().path, "/nonce");
    }
  }
}

Digest fingerprint(const std::string& body) {
  return body_fingerprint(parse(body).value());
}

TEST(BodyFingerprint, IsOneForTheSameBody) {
  const Digest want =
      fingerprint(R"({"rooms":["a","b"],"account":"x","type":"t","payload":1,"except":["i","j"]})");
  for (const std::string& body : std::vector<std::string>{
           R"({"payload":1,"except":["j","i","j"],"type":"t","account":"x","rooms":["b","a","b"]})",
           R"({"rooms":["a"],"room":"b","account":"x","event":"t","payload":1,"except":["i","j"]})",
           R"({"rooms":["a","b","~account/x"],"type":"\u0074","payload":1,"except":["i","j"]})",
           R"({"rooms":["a","b"],"account":"x","type":"t","payload": 1 ,"except":["i","j"],"nonce":"12345678",
               "timestamp":"2026-01-31T12:00:00Z"})",
       }) {
    EXPECT_EQ(fingerprint(body), want) << body;
  }
}

TEST(BodyFingerprint, DiffersForAnotherBody) {
  std::vector<Digest> seen;
  for (const std::string& body : std::vector<std::string>{
           R"({"room":"a","type":"t","payload":1})",
           R"({"room":"a","type":"t","payload":1.0})",
           R"({"room":"a","type":"t1","payload":{}})",
           R"({"room":"a","type":"t"})",
           R"({"room":"b","type":"t"})",
           R"({"rooms":["a","b"],"type":"t"})",
           R"({"room":"ab","type":"t"})",
           R"({"room":"a","except":["b"],"type":"t"})",
           R"({"room":"b","except":["a"],"type":"t"})",
           R"({"rooms":["1:a1:b"],"type":"t"})",
           R"({"account":"a","type":"t"})",
       }) {
    const Digest digest = fingerprint(body);
    EXPECT_EQ(std::ranges::count(seen, digest), 0) << body;
    seen.push_back(digest);
  }
}

}  // namespace
}  // namespace relay
