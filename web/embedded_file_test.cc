#include "embedded_file.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "client_bundle.h"
#include "web_files.h"

namespace relay {
namespace {

std::string read(const std::string& name) {
  std::ifstream file(std::string(RELAY_WEB_FOLDER) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(EmbeddedFile, IsTheFileByteForByte) {
  for (const std::string name : {"try/index.html", "try/try.css", "try/try.js", "try/icon.svg"}) {
    const auto file = web_files::find(name);

    ASSERT_TRUE(file.has_value()) << name;
    EXPECT_EQ(file->name, name);
    EXPECT_EQ(file->content, read(name)) << name;
  }
}

TEST(EmbeddedFile, OthersAreNotFound) {
  for (const std::string_view name :
       {"", "try", "try/", "index.html", "try/index.htm", "../web/try/index.html"}) {
    EXPECT_FALSE(web_files::find(name).has_value()) << name;
  }
}

TEST(EmbeddedFile, HasAQuotedEtagOfItsOwn) {
  const auto page = web_files::find("try/index.html");
  const auto style = web_files::find("try/try.css");

  ASSERT_TRUE(page && style);
  EXPECT_EQ(page->etag.size(), 18U);
  EXPECT_TRUE(page->etag.starts_with('"') && page->etag.ends_with('"'));
  EXPECT_NE(page->etag, style->etag);
}

// What the server looks for to put the page's configuration there.
TEST(EmbeddedFile, ThePageHasOnePlaceForItsConfiguration) {
  const std::string_view page = web_files::find("try/index.html")->content;
  const std::string_view place = "<!--RELAY_CONFIG-->";

  ASSERT_NE(page.find(place), std::string_view::npos);
  EXPECT_EQ(page.find(place), page.rfind(place));
}

TEST(ClientBundle, HasEveryKindThatIsServed) {
  for (const std::string_view name : {"socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"}) {
    const auto file = client_bundle::find(name);

    ASSERT_TRUE(file.has_value()) << name;
    EXPECT_NE(file->content.find("Socket.IO v4.8.4"), std::string_view::npos) << name;
    EXPECT_TRUE(client_bundle::find(std::string(name) + ".map").has_value()) << name;
  }
}

}  // namespace
}  // namespace relay
