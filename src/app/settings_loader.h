#pragma once
// Settings from where an operator puts them, highest first: flags, the environment, the environment file, and
// the defaults of the table. A setting that may come from a file takes it from the file that NAME_FILE names,
// wherever that variable is set; NAME and NAME_FILE together are a mistake.
//
// An empty value counts as none, so that `PORT=${PORT}` of a compose file does no harm; CLIENT_EVENTS alone
// can be set to nothing. Unknown variables are not looked at.
//
// Threading: any. Reads files, so nothing that serves may call it on its loop.

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/dotenv.h"
#include "app/host_limits.h"
#include "app/setting_table.h"
#include "app/settings.h"

namespace relay {

// A line for the operator: the setting (or the file) and what it needs.
struct SettingProblem {
  std::string name;
  std::string sentence;

  friend bool operator==(const SettingProblem&, const SettingProblem&) = default;
};

using SettingProblems = std::vector<SettingProblem>;

struct SettingSources {
  NamedTexts flags;  // by the setting's name
  NamedTexts environment;
  // Named by --env-file, and then an error when it is not there.
  std::optional<std::string> env_file;
  // Read otherwise, if it exists.
  std::string default_env_file = ".env";
  HostLimits host_limits;
};

// What a command uses. The others are not even validated, unless they are given as flags.
struct SettingNeeds {
  bool everything = false;
  std::vector<std::string_view> used;
  std::vector<std::string_view> required;  // each is used, too
};

// What `serve` and `check` need.
[[nodiscard]] SettingNeeds needs_of_server();

enum class SettingSource : std::uint8_t { default_, env_file, environment, flag, secret_file, generated };

[[nodiscard]] std::string_view to_string(SettingSource source) noexcept;

struct EffectiveSetting {
  std::string text;  // empty: none
  SettingSource source = SettingSource::default_;
};

struct LoadedSettings {
  Settings settings;
  // Of every setting that was used. The texts are secret where the table says so: shown_value() masks them.
  std::map<std::string_view, EffectiveSetting> effective;
};

// All problems at once, in the order of the table.
[[nodiscard]] std::expected<LoadedSettings, SettingProblems> load_settings(const SettingSources& sources,
                                                                           const SettingNeeds& needs);

// Settings that somebody set, to something else than the default, although the part behind them is not built.
[[nodiscard]] std::vector<std::string> unbuilt_settings_in_use(const LoadedSettings& loaded);

// Those of them with which the relay must not start.
[[nodiscard]] SettingProblems refused_settings_in_use(const LoadedSettings& loaded);

}  // namespace relay
