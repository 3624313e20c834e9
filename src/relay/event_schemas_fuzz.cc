// The input is a schema, a zero byte and a payload: whatever they are, loading and judging end, within
// bounds, and the verdict is the same each time. A value has one canonical text wherever it is.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "protocol/json_scanner.h"
#include "schema/json_tree.h"
#include "schema/schema_compiler.h"
#include "schema/schema_judge.h"

namespace {

using namespace relay;  // NOLINT(google-build-using-namespace)

constexpr std::string_view root_path = "/payload";

void check_errors(const std::vector<FieldError>& errors) {
  RELAY_CHECK(errors.size() <= field_errors_max);
  for (const FieldError& error : errors) {
    RELAY_CHECK(error.path.starts_with(root_path) && error.path.size() < 20000 && is_valid_utf8(error.path));
    RELAY_CHECK(!error.message.empty() && error.message.size() < 1000);
  }
}

void check_payload(const JsonSchema& schema, std::string_view text) {
  const auto payload = JsonTree::read(text, root_path);
  if (!payload) return check_errors(payload.error());
  const auto errors = judge(schema, *payload, root_path);
  check_errors(errors);
  RELAY_CHECK(judge(schema, *payload, root_path) == errors);

  // A canonical text is one for all spellings of a value, so of its own as well.
  std::string canonical;
  payload->append_canonical(canonical, payload->root());
  const std::string wider = " [ " + std::string(text) + " ] ";
  const auto wrapped = JsonTree::read(wider, root_path);
  if (!wrapped) return;  // one level too deep
  std::string wrapped_canonical;
  wrapped->append_canonical(wrapped_canonical, wrapped->root());
  RELAY_CHECK(wrapped_canonical == "[" + canonical + "]");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\0'), input.size());
  PatternTable patterns;
  const auto schema = compile_schema(input.substr(0, end), patterns);
  if (!schema) {
    RELAY_CHECK(!schema.error().empty() && schema.error().size() <= schema_problems_max);
    for (const std::string& problem : schema.error()) RELAY_CHECK(!problem.empty() && is_valid_utf8(problem));
    return 0;
  }
  const std::string_view payload = input.substr(std::min(end + 1, input.size()));
  // As a publish is judged before.
  if (is_valid_utf8(payload) && validate_json(payload, json_tree_depth_max)) check_payload(*schema, payload);
  return 0;
}
