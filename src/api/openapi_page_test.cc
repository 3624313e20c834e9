#include "api/openapi_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/build_info.h"

namespace relay {
namespace {

TEST(OpenapiPage, IsADocumentOfThisVersion) {
  const HttpResponse page = openapi_page();

  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(page.content_type, "application/json");
  const auto document = nlohmann::json::parse(page.body, nullptr, false);
  ASSERT_TRUE(document.is_object());
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["info"]["version"], version());
  EXPECT_TRUE(document["paths"].contains("/openapi.json"));
}

}  // namespace
}  // namespace relay
