#include "app/setting_table.h"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "app/dotenv.h"

namespace relay {
namespace {

std::string read(const std::string& path_in_tree) {
  std::ifstream file(std::string(RELAY_SOURCE_DIR) + "/" + path_in_tree);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::set<std::string> names_of_table() {
  std::set<std::string> names;
  for (const SettingDescription& setting : setting_table()) names.emplace(setting.name);
  return names;
}

// What a cell of a table in Markdown says.
std::string plain(std::string cell) {
  for (const auto& [escaped, text] : {std::pair{"&lt;", "<"}, std::pair{"\\*", "*"}, std::pair{"\\|", "|"}}) {
    for (std::size_t at = 0; (at = cell.find(escaped, at)) != std::string::npos; at += 1) {
      cell.replace(at, std::string_view(escaped).size(), text);
    }
  }
  return cell;
}

// The rows `| `NAME` | default | meaning |`, in order.
std::vector<std::string> rows_of_document() {
  std::vector<std::string> rows;
  std::istringstream document(read("docs/configuration.md"));
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| `")) rows.push_back(plain(line));
  }
  return rows;
}

std::string row_of(const SettingDescription& setting) {
  std::string words(setting.default_words);
  if (words.empty()) {
    words = setting.default_value.empty() ? "none" : "`" + std::string(setting.default_value) + "`";
  }
  return "| `" + std::string(setting.name) + "` | " + words + " | " + std::string(setting.meaning) + " |";
}

TEST(SettingTable, NamesEverySettingOnce) {
  EXPECT_EQ(names_of_table().size(), setting_table().size());
  for (const SettingDescription& setting : setting_table()) EXPECT_EQ(find_setting(setting.name), &setting);
  EXPECT_EQ(find_setting("NO_SUCH_SETTING"), nullptr);
}

TEST(SettingTable, HasTheDefaultsOfTheSettings) {
  Settings settings;
  for (const SettingDescription& setting : setting_table()) {
    if (setting.default_value.empty()) continue;
    const auto parsed = setting.parse(setting.default_value, settings);
    EXPECT_TRUE(parsed.has_value()) << setting.name << " " << parsed.error();
  }
  EXPECT_EQ(settings, Settings{});
}

TEST(SettingTable, ParsesTheDefaultsThatTheMachineDecides) {
  for (const HostLimits& limits : {HostLimits{.cpus = 0, .memory_bytes = 0, .open_files = 0},
                                   HostLimits{.cpus = 999, .memory_bytes = ~0ULL, .open_files = ~0ULL}}) {
    for (const bool dev : {false, true}) {
      Settings settings;
      for (const SettingDescription& setting : setting_table()) {
        const std::string text = default_text(setting, limits, dev);
        if (text.empty()) continue;
        EXPECT_TRUE(setting.parse(text, settings).has_value()) << setting.name << "=" << text;
      }
      EXPECT_EQ(settings.listen.host, dev ? "127.0.0.1" : "0.0.0.0");
      EXPECT_EQ(settings.life.drain.count(), dev ? 0 : 20);
    }
  }
}

TEST(SettingTable, NeverShowsASecret) {
  for (const SettingDescription& setting : setting_table()) {
    if (setting.kind == SettingKind::secret) {
      EXPECT_EQ(shown_value(setting, "do-not-print"), "********");
    }
    if (setting.kind == SettingKind::url) {
      EXPECT_EQ(shown_value(setting, "a://u:do-not-print@h").find("do-not-print"), std::string::npos);
    }
  }
}

TEST(SettingTable, IsWhatTheDocumentSays) {
  std::vector<std::string> rows;
  for (const SettingDescription& setting : setting_table()) rows.push_back(row_of(setting));
  EXPECT_EQ(rows_of_document(), rows);
}

// The file shows every setting as `# meaning` and `#NAME=default`, so that it can be used by removing a `#`.
TEST(SettingTable, IsWhatTheExampleOfAnEnvironmentFileSays) {
  const std::string text = read(".env.example");
  std::string active;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#") && !line.starts_with("# ")) active += line.substr(1) + "\n";
  }
  const auto found = parse_dotenv(active);
  ASSERT_TRUE(found.has_value());

  std::set<std::string> names;
  for (const auto& [name, value] : *found) names.insert(name);
  EXPECT_EQ(names, names_of_table());
  for (const SettingDescription& setting : setting_table()) {
    const std::string entry = "\n# " + std::string(setting.meaning) + "\n#" + std::string(setting.name) +
                              "=" + std::string(setting.default_value) + "\n";
    EXPECT_NE(text.find(entry), std::string::npos) << "not in .env.example:" << entry;
  }
}

}  // namespace
}  // namespace relay
