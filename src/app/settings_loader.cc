#include "app/settings_loader.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include <sys/stat.h>

#include "app/setting_parsers.h"
#include "app/setting_rules.h"
#include "base/random.h"

namespace relay {
namespace {

constexpr std::size_t secret_file_bytes_max = 64 * 1024;
constexpr std::size_t generated_secret_characters = 43;  // 258 random bits
constexpr std::string_view file_suffix = "_FILE";

// Nullopt when it cannot be read or has more than `bytes_max` bytes.
std::optional<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  struct stat status {};
  // A folder opens like a file and reads as an empty one.
  if (stat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > bytes_max) return std::nullopt;
  return text;
}

void strip_final_newline(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

class Loader {
 public:
  Loader(const SettingSources& sources, const SettingNeeds& needs) : sources_(sources), needs_(needs) {}

  std::expected<LoadedSettings, SettingProblems> load() {
    read_env_file();
    dev_ = is_dev();
    for (const SettingDescription& setting : setting_table()) {
      if (is_used(setting.name)) load_one(setting);
    }
    check_setting_rules(loaded_, problems_);
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    loaded_.settings.notes.unbuilt = unbuilt_settings_in_use(loaded_);
    return std::move(loaded_);
  }

 private:
  void read_env_file() {
    const std::string& path = sources_.env_file ? *sources_.env_file : sources_.default_env_file;
    struct stat status {};
    if (!sources_.env_file && stat(path.c_str(), &status) != 0) return;
    const auto text = read_file(path, dotenv_bytes_max);
    if (!text) {
      problems_.push_back({path, "needs to be a file that can be read, of at most 1 MiB"});
      return;
    }
    auto found = parse_dotenv(*text);
    if (found) {
      env_file_ = *std::move(found);
    } else {
      problems_.push_back(
          {path, "line " + std::to_string(found.error().line) + " " + std::string(found.error().message)});
    }
  }

  // DEV changes the defaults of others, so it is asked for before them. A bad value is reported in its turn.
  bool is_dev() const {
    const auto given = find_text("DEV", false);
    return given && parse_switch(given->text).value_or(false);
  }

  bool is_used(std::string_view name) const {
    return needs_.everything || sources_.flags.contains(name) ||
           std::ranges::find(needs_.used, name) != needs_.used.end() || is_required(name);
  }

  bool is_required(std::string_view name) const {
    return std::ranges::find(needs_.required, name) != needs_.required.end();
  }

  std::optional<EffectiveSetting> find_text(std::string_view name, bool empty_is_a_value) const {
    const std::pair<const NamedTexts&, SettingSource> places[] = {
        {sources_.flags, SettingSource::flag},
        {sources_.environment, SettingSource::environment},
        {env_file_, SettingSource::env_file}};
    for (const auto& [texts, source] : places) {
      const auto found = texts.find(name);
      if (found != texts.end() && (empty_is_a_value || !found->second.empty())) {
        return EffectiveSetting{found->second, source};
      }
    }
    return std::nullopt;
  }

  // The text of a setting that somebody set. Nullopt also after a problem, which then stands for the setting.
  std::optional<EffectiveSetting> given_text(const SettingDescription& setting) {
    auto given = find_text(setting.name, setting.empty_is_a_value);
    if (!setting.may_come_from_file()) return given;
    const std::string file_name = std::string(setting.name) + std::string(file_suffix);
    const auto path = find_text(file_name, false);
    if (!path) return given;
    if (given) {
      refuse(setting.name, "needs to be set itself or by " + file_name + ", not both");
      return std::nullopt;
    }
    auto content = read_file(path->text, secret_file_bytes_max);
    if (!content) {
      refuse(file_name, "needs a file that can be read, of at most 64 KiB");
      return std::nullopt;
    }
    strip_final_newline(*content);
    if (content->empty()) {
      refuse(file_name, "needs a file that is not empty");
      return std::nullopt;
    }
    return EffectiveSetting{*std::move(content), SettingSource::secret_file};
  }

  void load_one(const SettingDescription& setting) {
    const std::size_t problems_before = problems_.size();
    auto given = given_text(setting);
    if (problems_.size() != problems_before) return;
    const bool is_given = given.has_value();
    EffectiveSetting effective = is_given ? *std::move(given) : default_of(setting);
    const bool is_set = !effective.text.empty() || (setting.empty_is_a_value && is_given);
    if (!is_set && is_required(setting.name)) {
      refuse(setting.name, "is required: " + std::string(setting.meaning));
      return;
    }
    if (is_set) {
      if (auto parsed = setting.parse(effective.text, loaded_.settings); !parsed) {
        refuse(setting.name, std::move(parsed.error()));
        return;
      }
    }
    loaded_.effective.emplace(setting.name, std::move(effective));
  }

  EffectiveSetting default_of(const SettingDescription& setting) {
    const bool is_generated =
        dev_ && needs_.everything && is_required(setting.name) && setting.kind == SettingKind::secret;
    if (!is_generated) return {default_text(setting, sources_.host_limits, dev_), SettingSource::default_};
    loaded_.settings.notes.generated_secrets.emplace_back(setting.name);
    return {random_token(generated_secret_characters), SettingSource::generated};
  }

  void refuse(std::string_view name, std::string sentence) {
    problems_.push_back({std::string(name), std::move(sentence)});
  }

  const SettingSources& sources_;
  const SettingNeeds& needs_;
  NamedTexts env_file_;
  bool dev_ = false;
  LoadedSettings loaded_;
  SettingProblems problems_;
};

// Those that were set to something else than their default, and whose part is not built.
template <typename Visit>
void for_each_unbuilt(const LoadedSettings& loaded, Visit visit) {
  for (const SettingDescription& setting : setting_table()) {
    const auto found = loaded.effective.find(setting.name);
    if (setting.part == SettingPart::built || found == loaded.effective.end()) continue;
    const EffectiveSetting& effective = found->second;
    if (effective.source != SettingSource::default_ && effective.text != setting.default_value)
      visit(setting);
  }
}

}  // namespace

SettingNeeds needs_of_server() {
  return {.everything = true, .used = {}, .required = {"JWT_SIGNING_SECRET", "RELAY_API_KEY"}};
}

std::string_view to_string(SettingSource source) noexcept {
  switch (source) {
    case SettingSource::default_:
      return "default";
    case SettingSource::env_file:
      return "environment file";
    case SettingSource::environment:
      return "environment";
    case SettingSource::flag:
      return "flag";
    case SettingSource::secret_file:
      return "file";
    case SettingSource::generated:
      return "generated";
  }
  return {};
}

std::expected<LoadedSettings, SettingProblems> load_settings(const SettingSources& sources,
                                                             const SettingNeeds& needs) {
  return Loader(sources, needs).load();
}

std::vector<std::string> unbuilt_settings_in_use(const LoadedSettings& loaded) {
  std::vector<std::string> names;
  for_each_unbuilt(loaded, [&names](const SettingDescription& setting) { names.emplace_back(setting.name); });
  return names;
}

SettingProblems refused_settings_in_use(const LoadedSettings& loaded) {
  SettingProblems problems;
  for_each_unbuilt(loaded, [&problems](const SettingDescription& setting) {
    if (setting.part != SettingPart::refused) return;
    problems.push_back({std::string(setting.name),
                        "is set, but this version cannot do that yet; it starts when this is left out"});
  });
  const RedisSettings& redis = loaded.settings.redis;
  if (!redis.url.empty() && redis.adapter == RedisAdapter::sharded) {
    problems.push_back(
        {"REDIS_ADAPTER", "is sharded, which this version cannot do yet; it knows pubsub and streams"});
  }
  return problems;
}

}  // namespace relay
