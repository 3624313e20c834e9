#include <ostream>

#include "app/command.h"
#include "net/http_client.h"

namespace relay {

int run_healthcheck(const CommandContext& context) {
  SettingNeeds needs;
  if (option_of(context, "url").empty()) needs.used = {"HOST", "PORT"};
  const auto loaded = load_or_report(context, needs);
  if (!loaded) return exit_misused;
  const auto address = url_of_relay(context, loaded->settings);
  if (!address) return exit_misused;
  const auto url = HttpUrl::parse(*address);
  if (!url) {
    context.err << "--url: " << url.error() << '\n';
    return exit_misused;
  }
  const auto answer = call_http({.url = *url, .target = "/healthz", .timeout = std::chrono::seconds(3)});
  if (answer && answer->status == 200) return exit_done;
  context.err << "not healthy: "
              << (answer ? "/healthz answered " + std::to_string(answer->status) : answer.error()) << '\n';
  return exit_failed;
}

}  // namespace relay
