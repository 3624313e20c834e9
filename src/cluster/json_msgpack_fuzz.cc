// JSON through MessagePack and back. The model is MessagePack itself: what was once read from a text keeps
// its packed form for ever, and a text of exact values says the same after the way.
//
// The same bytes as MessagePack: what can be read is JSON, and packs again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "cluster/json_msgpack.h"
#include "protocol/json_scanner.h"
#include "schema/decimal.h"

namespace {

using relay::BusLimits;
using relay::JsonKind;
using relay::JsonScanner;

const BusLimits limits = {.message_bytes_max = 1 << 20, .values_max = 100'000};

// The way back may take more bytes than the way there.
const BusLimits limits_back = {.message_bytes_max = 1 << 24, .values_max = 200'000};

bool has_duplicates(std::string_view object) {
  std::string keys;
  bool found = false;
  JsonScanner scanner(object, relay::json_depth_limit);
  RELAY_CHECK(scanner
                  .scan_object([&](std::string_view key, std::string_view) {
                    const auto name = relay::decode_json_string(key);
                    const std::string entry = '\n' + (name ? *name : std::string(key)) + '\n';
                    if (keys.find(entry) != std::string::npos) found = true;
                    keys += entry;
                  })
                  .has_value());
  return found;
}

void check_same(std::string_view before, std::string_view after);

void check_same_object(std::string_view before, std::string_view after) {
  if (has_duplicates(before)) return;
  std::string_view keys_after[64];
  std::string_view values_after[64];
  std::size_t count = 0;
  JsonScanner second(after, relay::json_depth_limit);
  RELAY_CHECK(second
                  .scan_object([&](std::string_view key, std::string_view value) {
                    if (count < 64) {
                      keys_after[count] = key;
                      values_after[count] = value;
                    }
                    ++count;
                  })
                  .has_value());
  std::size_t at = 0;
  JsonScanner first(before, relay::json_depth_limit);
  RELAY_CHECK(first
                  .scan_object([&](std::string_view key, std::string_view value) {
                    if (at < 64) {
                      RELAY_CHECK(relay::decode_json_string(key) ==
                                  relay::decode_json_string(keys_after[at]));
                      check_same(value, values_after[at]);
                    }
                    ++at;
                  })
                  .has_value());
  RELAY_CHECK(at == count);
}

void check_same_array(std::string_view before, std::string_view after) {
  std::string_view values_after[64];
  std::size_t count = 0;
  JsonScanner second(after, relay::json_depth_limit);
  RELAY_CHECK(second
                  .scan_array([&](std::string_view value) {
                    if (count < 64) values_after[count] = value;
                    ++count;
                  })
                  .has_value());
  std::size_t at = 0;
  JsonScanner first(before, relay::json_depth_limit);
  RELAY_CHECK(first
                  .scan_array([&](std::string_view value) {
                    if (at < 64) check_same(value, values_after[at]);
                    ++at;
                  })
                  .has_value());
  RELAY_CHECK(at == count);
}

void check_same_number(std::string_view before, std::string_view after) {
  const auto exact = relay::parse_decimal(before);
  const auto spelled = relay::parse_decimal(after);
  RELAY_CHECK(exact && spelled);
  // A double that was written in full comes back in short.
  RELAY_CHECK(*exact == *spelled || exact->digits.size() > 17);
}

// Both are valid, and all of `before` was exact.
void check_same(std::string_view before, std::string_view after) {
  const JsonKind kind = relay::json_kind(before);
  RELAY_CHECK(kind == relay::json_kind(after));
  if (kind == JsonKind::object) return check_same_object(before, after);
  if (kind == JsonKind::array) return check_same_array(before, after);
  if (kind == JsonKind::number) return check_same_number(before, after);
  if (kind == JsonKind::string) {
    RELAY_CHECK(relay::decode_json_string(before) == relay::decode_json_string(after));
    return;
  }
  RELAY_CHECK(before == after);
}

void there_and_back(std::string_view json) {
  std::string packed;
  const auto fidelity = relay::append_json_as_msgpack(packed, json, {}, limits);
  if (!fidelity) return;
  const auto back = relay::msgpack_to_json(packed, limits_back);
  RELAY_CHECK(back.has_value());
  if (fidelity->is_canonical) RELAY_CHECK(back->json == json);
  RELAY_CHECK(back->attachments.empty());
  RELAY_CHECK(relay::is_valid_utf8(back->json));
  RELAY_CHECK(relay::validate_json(back->json, relay::bus_arguments_depth_max).has_value());
  if (!fidelity->numbers_exact || !fidelity->strings_exact) return;
  std::string again;
  RELAY_CHECK(relay::append_json_as_msgpack(again, back->json, {}, limits_back).has_value());
  RELAY_CHECK(again == packed);
  JsonScanner scanner(json, relay::bus_arguments_depth_max);
  check_same(scanner.scan_value().value(), back->json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (relay::is_valid_utf8(text)) there_and_back(text);

  const auto read = relay::msgpack_to_json(text, limits);
  if (!read) return 0;
  RELAY_CHECK(read->json.size() <= size * 8 + 64 * read->attachments.size());
  RELAY_CHECK(relay::is_valid_utf8(read->json));
  RELAY_CHECK(relay::validate_json(read->json, relay::json_depth_limit).has_value());
  if (read->attachments.empty()) there_and_back(read->json);
  return 0;
}
