// The scanner against simdjson's DOM: what the DOM accepts is accepted, and what is accepted beyond it is
// only what the DOM refuses because it converts: numbers too large for it and surrogates without their other
// half.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "base/check.h"
#include "base/utf8.h"
#include "protocol/json_scanner.h"
#include "protocol/json_writer.h"

namespace {

using relay::JsonKind;
using relay::JsonScanner;

constexpr unsigned depth_max = 1000;  // below the DOM's own bound

struct Contents {
  bool has_number = false;
  bool has_lone_surrogate = false;
};

void note_string(std::string_view quoted, Contents& contents) {
  const auto decoded = relay::decode_json_string(quoted);
  if (!decoded) {
    contents.has_lone_surrogate = true;
    return;
  }
  RELAY_CHECK(relay::json_string_equals(quoted, *decoded));
  std::string written;
  relay::append_json_string(written, *decoded);
  RELAY_CHECK(relay::validate_json(written, 0).value() == JsonKind::string);
  RELAY_CHECK(relay::decode_json_string(written) == *decoded);
}

// Every value again through the visitors, which must agree with the pass over the whole.
void visit(std::string_view value, Contents& contents, unsigned levels) {
  const JsonKind kind = relay::json_kind(value);
  JsonScanner scanner(value, depth_max);
  if (kind == JsonKind::number) contents.has_number = true;
  if (kind == JsonKind::string) note_string(value, contents);
  if (kind != JsonKind::object && kind != JsonKind::array) return;
  RELAY_CHECK(levels < depth_max);
  if (kind == JsonKind::object) {
    RELAY_CHECK(scanner
                    .scan_object([&contents, levels](std::string_view key, std::string_view member) {
                      note_string(key, contents);
                      visit(member, contents, levels + 1);
                    })
                    .has_value());
  } else {
    RELAY_CHECK(scanner
                    .scan_array([&contents, levels](std::string_view element) {
                      visit(element, contents, levels + 1);
                    })
                    .has_value());
  }
  RELAY_CHECK(scanner.expect_end().has_value());
}

// A fault in a container must also be found by the visitors.
void visit_refused(std::string_view text) {
  JsonScanner objects(text, depth_max);
  const auto as_object = objects.scan_object([](std::string_view, std::string_view) {});
  RELAY_CHECK(!as_object || !objects.expect_end());
  JsonScanner arrays(text, depth_max);
  const auto as_array = arrays.scan_array([](std::string_view) {});
  RELAY_CHECK(!as_array || !arrays.expect_end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ours = relay::validate_json(text, depth_max);
  if (!ours) {
    RELAY_CHECK(ours.error().offset <= size);
    visit_refused(text);
  }
  if (!relay::is_valid_utf8(text)) return 0;

  simdjson::dom::parser parser;
  const simdjson::padded_string padded(text);
  const simdjson::error_code theirs = parser.parse(padded).error();
  if (!ours) {
    const bool only_too_deep = ours.error().message == "nested too deep";
    RELAY_CHECK(theirs != simdjson::SUCCESS || only_too_deep);
    return 0;
  }
  Contents contents;
  JsonScanner scanner(text, depth_max);
  visit(*scanner.scan_value(), contents, 0);
  if (theirs != simdjson::SUCCESS) RELAY_CHECK(contents.has_number || contents.has_lone_surrogate);
  return 0;
}
