#include "app/command.h"
#include "app/host_limits.h"
#include "app/server.h"

namespace relay {

int run_serve(const CommandContext& context) {
  const auto loaded = load_or_report(context, needs_of_server());
  if (!loaded) return exit_misused;
  if (const SettingProblems refused = refused_settings_in_use(*loaded); !refused.empty()) {
    report(context.err, refused);
    return exit_misused;
  }
  raise_open_file_limit();
  return serve(loaded->settings);
}

}  // namespace relay
