#pragma once
// The one table of all settings. The loader, the flags, `check`, --help and the tests of
// docs/configuration.md and .env.example read it; a setting is added here and in settings.h, and nowhere else
// in code.
//
// Threading: constants.

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "app/host_limits.h"
#include "app/settings.h"

namespace relay {

enum class SettingGroup : std::uint8_t {
  listening,
  access,
  clients,
  events,
  rates,
  redis,
  cluster,
  webhooks,
  logs,
  life,
};

enum class SettingKind : std::uint8_t {
  plain,
  toggle,  // true or false; as a flag it may stand without a value
  secret,  // never shown, no flag, may come from a file named by NAME_FILE
  url,     // may hold a password: shown masked, a flag only without one, may come from NAME_FILE
};

// What becomes of a setting whose part of the relay does not exist yet.
enum class SettingPart : std::uint8_t {
  built,
  ignored,  // `serve` starts and logs a warning
  refused,  // `serve` does not start: without that part it would do something else than was asked for
};

struct SettingDescription {
  std::string_view name;
  // As an environment file would have it; empty: none. Where the machine decides, default_text() below does.
  std::string_view default_value = {};
  // For people, where default_value does not say it.
  std::string_view default_words = {};
  std::string_view meaning;  // one line, no full stop
  SettingGroup group;
  SettingKind kind = SettingKind::plain;
  SettingPart part = SettingPart::built;
  // Whether an empty value says something else than no value.
  bool empty_is_a_value = false;
  // Validates the text and puts its value into the settings. The error follows the name: `needs ...`.
  std::expected<void, std::string> (*parse)(std::string_view text, Settings& into);

  [[nodiscard]] constexpr bool may_come_from_file() const noexcept {
    return kind == SettingKind::secret || kind == SettingKind::url;
  }
};

[[nodiscard]] std::span<const SettingDescription> setting_table() noexcept;

[[nodiscard]] const SettingDescription* find_setting(std::string_view name) noexcept;

[[nodiscard]] std::string_view title_of(SettingGroup group) noexcept;

// `--max-event-bytes` for MAX_EVENT_BYTES.
[[nodiscard]] std::string flag_of(std::string_view setting_name);

// What the setting is when nobody sets it; empty: none. `dev` is whether DEV is on.
[[nodiscard]] std::string default_text(const SettingDescription& setting, const HostLimits& limits, bool dev);

// A value as a screen may show it.
[[nodiscard]] std::string shown_value(const SettingDescription& setting, std::string_view text);

}  // namespace relay
