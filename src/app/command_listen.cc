#include <limits>
#include <ostream>

#include "app/command.h"
#include "app/event_subscription.h"
#include "auth/client_token.h"
#include "net/websocket_client.h"

namespace relay {
namespace {

constexpr std::chrono::seconds open_timeout{10};
constexpr std::chrono::seconds token_lifetime{24 * 3600};
constexpr std::uint64_t count_max = std::numeric_limits<std::int64_t>::max();

// Nobody refreshes this token, so it lives as long as the relay allows.
std::string minted_token(const CommandContext& context, const Settings& settings) {
  MintRequest request{.account = option_of(context, "account"),
                      .session_room = option_of(context, "session"),
                      .lifetime = token_lifetime,
                      .issuer = settings.access.jwt_issuer,
                      .audience = settings.access.jwt_audience};
  if (request.account.empty()) request.account = "listen";
  const auto longest = settings.access.jwt_lifetime_max;
  if (longest.count() != 0 && longest < request.lifetime) request.lifetime = longest;
  return mint_token(request, settings.access.jwt_signing_secret.reveal(), SystemClock().wall());
}

SettingNeeds needs_of_listen(const CommandContext& context) {
  SettingNeeds needs{.used = {"SOCKET_PATH"}, .required = {}};
  if (option_of(context, "url").empty()) needs.used.insert(needs.used.end(), {"HOST", "PORT"});
  if (option_of(context, "token").empty()) {
    needs.used.insert(needs.used.end(), {"JWT_ISSUER", "JWT_AUDIENCE", "JWT_MAX_TTL_S"});
    needs.required = {"JWT_SIGNING_SECRET"};
  }
  return needs;
}

// Until `count` events came, or the connection ended.
int follow(const CommandContext& context, WebsocketClient& connection, EventSubscription subscription,
           std::uint64_t count) {
  for (std::uint64_t seen = 0; seen < count;) {
    const auto message = connection.receive(subscription.silence_max());
    if (!message) {
      context.err << "connection lost: " << message.error() << '\n';
      return exit_failed;
    }
    const SubscriptionStep step = subscription.on_message(*message);
    if (!step.note.empty()) context.err << step.note << std::endl;
    if (step.is_ended) return exit_failed;
    if (!step.envelope.empty()) {
      context.out << step.envelope << std::endl;
      ++seen;
    }
    if (step.reply.empty()) continue;
    if (const auto sent = connection.send(step.reply); !sent) {
      context.err << "connection lost: " << sent.error() << '\n';
      return exit_failed;
    }
  }
  return exit_done;
}

}  // namespace

int run_listen(const CommandContext& context) {
  std::string token = option_of(context, "token");
  if (token.empty() && option_of(context, "session").empty()) {
    context.err << "--session: is required, or --token\n";
    return exit_misused;
  }
  const auto count = count_option(context, "count", count_max, count_max);
  if (!count) return exit_misused;
  const auto loaded = load_or_report(context, needs_of_listen(context));
  const auto address = loaded ? url_of_relay(context, loaded->settings) : std::nullopt;
  if (!address) return exit_misused;
  const auto url = HttpUrl::parse(*address);
  if (!url) {
    context.err << "--url: " << url.error() << '\n';
    return exit_misused;
  }
  if (token.empty()) token = minted_token(context, loaded->settings);

  const std::string target = loaded->settings.clients.socket_path + "?EIO=4&transport=websocket";
  auto connection = WebsocketClient::open(*url, target, open_timeout);
  if (!connection) {
    context.err << connection.error() << '\n';
    return exit_failed;
  }
  return follow(context, *connection, EventSubscription(std::move(token)), *count);
}

}  // namespace relay
