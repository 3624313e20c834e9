#include <algorithm>
#include <ostream>

#include "app/command.h"
#include "app/setting_parsers.h"
#include "auth/client_token.h"

namespace relay {
namespace {

constexpr std::uint64_t lifetime_s_max = 100ULL * 366 * 86400;

bool is_scope(std::string_view word) {
  return word == "subscribe" || word == "publish";
}

std::vector<std::string> list_option(const CommandContext& context, std::string_view name) {
  const std::string text = option_of(context, name);
  const auto entries = split_list(text);
  return {entries.begin(), entries.end()};
}

// Nullopt after a line on `err`.
std::optional<MintRequest> mint_request(const CommandContext& context, const Settings& settings) {
  MintRequest request{.account = option_of(context, "account"),
                      .session_room = option_of(context, "session"),
                      .scope = {"subscribe", "publish"},
                      .rooms = list_option(context, "rooms"),
                      .issuer = settings.access.jwt_issuer,
                      .audience = settings.access.jwt_audience};
  if (const auto scope = list_option(context, "scope"); !scope.empty()) request.scope = scope;
  if (!std::ranges::all_of(request.scope, is_scope)) {
    context.err << "--scope: needs subscribe, publish or both, separated by commas\n";
    return std::nullopt;
  }
  const auto ttl = count_option(context, "ttl", 300, lifetime_s_max);
  if (!ttl) return std::nullopt;
  request.lifetime = std::chrono::seconds(*ttl);
  return request;
}

void print_hint(const CommandContext& context, const Settings& settings, const MintRequest& request) {
  context.err << "A token for room " << in_quotes(request.session_room) << ", good for "
              << request.lifetime.count() << " s. In a client: io(url, { auth: { token } })\n";
  const auto longest = settings.access.jwt_lifetime_max;
  if (longest.count() != 0 && request.lifetime > longest) {
    context.err << "The relay will refuse it: JWT_MAX_TTL_S is " << longest.count() << "\n";
  }
}

}  // namespace

int run_token(const CommandContext& context) {
  const auto loaded = load_or_report(
      context, {.used = {"JWT_ISSUER", "JWT_AUDIENCE", "JWT_MAX_TTL_S"}, .required = {"JWT_SIGNING_SECRET"}});
  if (!loaded) return exit_misused;
  const auto request = mint_request(context, loaded->settings);
  if (!request) return exit_misused;
  const std::string& secret = loaded->settings.access.jwt_signing_secret.reveal();
  context.out << mint_token(*request, secret, SystemClock().wall()) << std::endl;
  print_hint(context, loaded->settings, *request);
  return exit_done;
}

}  // namespace relay
