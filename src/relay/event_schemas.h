#pragma once
// The JSON Schemas that the payloads of events must match: a folder of files `<type>.json`, the type
// percent-encoded, each of draft 4, 6 or 7 (draft 7 if it does not say).
//
// The validator is our own (json_schema.h, schema_compiler.h, schema_judge.h). Of the libraries that Debian
// 12 packages the nearest, valijson 1.0, cannot be made safe against what a stranger may send: its `pattern`
// is std::regex, fixed in its types, which a string of 250,000 characters crashes by ^(a|b)*$ and 29
// characters occupy for 8 s by ^(a+)+$; uniqueItems takes 4 s for 20,000 numbers, two $ref in one allOf 6 s
// for 48 bytes; nothing bounds the work or the list of faults. Here work is counted (judge_work_max),
// patterns are RE2's, uniqueItems sorts, and a number is compared with all its digits.
//
// Threading: immutable; any thread may call check(), several at once.

#include <cstddef>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_pointer.h"

namespace relay {

inline constexpr std::size_t schema_files_max = 1000;
inline constexpr std::size_t schema_bytes_max = 1048576;

class EventSchemas {
 public:
  // Reads every `<type>.json` of the folder; other files are ignored. On failure all that is wrong, a line
  // each: `vote.cast.json: keyword "foo" is unknown`.
  [[nodiscard]] static std::expected<EventSchemas, std::vector<std::string>> load(
      const std::filesystem::path& folder);

  EventSchemas(EventSchemas&&) noexcept;
  EventSchemas& operator=(EventSchemas&&) noexcept;
  ~EventSchemas();

  // EVENT_SCHEMAS_STRICT: a type without a schema is a fault. Before it is shared.
  void refuse_unknown_types() noexcept { refuses_unknown_types_ = true; }

  // Whether there is a schema for this type, in plain text.
  [[nodiscard]] bool knows(std::string_view type) const;

  [[nodiscard]] std::size_t size() const noexcept;

  // All that is wrong with a payload, at most field_errors_max faults, each with its JSON Pointer inside
  // the event: `/payload/votes/3`. Empty if it is fine, or if its type needs no schema. Messages
  // repeat values of the schema, never of the payload.
  //
  // `payload_json` is one JSON value of valid UTF-8. What no schema can judge is a fault too: a name twice in
  // an object, half a surrogate pair, an exponent beyond a thousand million, nesting over 64 levels. Takes
  // 20 ms at most for 256 KiB, whatever the schema: a payload that needs more is refused, always.
  [[nodiscard]] std::vector<FieldError> check(std::string_view type, std::string_view payload_json) const;

 private:
  struct Impl;
  explicit EventSchemas(std::unique_ptr<const Impl> impl);

  std::unique_ptr<const Impl> impl_;
  bool refuses_unknown_types_ = false;
};

}  // namespace relay
