#include <algorithm>
#include <ostream>

#include "app/command.h"
#include "app/setting_parsers.h"

namespace relay {
namespace {

constexpr std::size_t name_width = 28;
constexpr std::size_t value_width = 24;

void pad(std::ostream& out, std::string_view text, std::size_t width) {
  out << text << std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string value_for_screen(const SettingDescription& setting, const EffectiveSetting& effective) {
  if (setting.name == "NODE_NAME" && effective.source == SettingSource::default_) return "random";
  if (effective.text.empty()) return "none";
  return shown_value(setting, effective.text);
}

}  // namespace

// One line a setting: NAME, value, where it comes from.
int run_check(const CommandContext& context) {
  const auto loaded = load_or_report(context, needs_of_server());
  if (!loaded) return exit_misused;
  for (const SettingDescription& setting : setting_table()) {
    const EffectiveSetting& effective = loaded->effective.at(setting.name);
    pad(context.out, setting.name, name_width);
    pad(context.out, value_for_screen(setting, effective), value_width);
    context.out << "  " << to_string(effective.source) << '\n';
  }
  for (const std::string& name : loaded->settings.notes.unbuilt) {
    context.err << "note: " << name << " has no effect in this version, or stops `serve`\n";
  }
  return exit_done;
}

}  // namespace relay
