#include "api/openapi_page.h"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/build_info.h"
#include "base/check.h"
#include "web_files.h"

namespace relay {
namespace {

// Named from web/, whose files it is embedded with.
constexpr std::string_view document_name = "../src/api/openapi.json";

std::string document_text() {
  const auto file = web_files::find(document_name);
  RELAY_CHECK(file.has_value());
  auto document = nlohmann::ordered_json::parse(file->content, nullptr, false);
  RELAY_CHECK(!document.is_discarded());
  document["info"]["version"] = version();
  return document.dump();
}

}  // namespace

HttpResponse openapi_page() {
  static const std::string text = document_text();
  return {.status = 200,
          .content_type = "application/json",
          .body = text,
          .headers = "Cache-Control: no-store\r\n"};
}

}  // namespace relay
