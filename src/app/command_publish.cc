#include <ostream>

#include "app/command.h"
#include "auth/api_key.h"
#include "base/utf8.h"
#include "net/http_client.h"
#include "protocol/json_scanner.h"
#include "protocol/json_writer.h"

namespace relay {
namespace {

constexpr unsigned payload_depth_max = 63;  // the event around it is a level, too

// Nullopt after a line on `err`.
std::optional<std::string> event_body(const CommandContext& context) {
  const std::string room = option_of(context, "room");
  const std::string type = option_of(context, "type");
  const std::string payload = option_of(context, "payload");
  for (const auto& [name, text] :
       {std::pair{"room", room}, std::pair{"type", type}, std::pair{"payload", payload}}) {
    if (is_valid_utf8(text)) continue;
    context.err << "--" << name << ": needs UTF-8\n";
    return std::nullopt;
  }
  if (const auto json = validate_json(payload, payload_depth_max); !json) {
    context.err << "--payload: needs JSON: " << json.error().message << " at byte " << json.error().offset
                << '\n';
    return std::nullopt;
  }
  std::string body = "{\"room\":";
  append_json_string(body, room);
  body += ",\"type\":";
  append_json_string(body, type);
  return body + ",\"payload\":" + payload + "}";
}

// The key to present: --key, or the first plain one of RELAY_API_KEY.
std::optional<std::string> key_of(const CommandContext& context, const Settings& settings) {
  if (std::string given = option_of(context, "key"); !given.empty()) return given;
  const auto keys = ApiKeys::parse(settings.access.api_keys.reveal());
  if (keys && keys->first_plain()) return *keys->first_plain();
  context.err << "RELAY_API_KEY: holds only digests, which cannot be presented; give --key\n";
  return std::nullopt;
}

bool is_header_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::optional<HttpCall> publish_call(const CommandContext& context, const Settings& settings) {
  const auto body = event_body(context);
  if (!body) return std::nullopt;
  const auto key = key_of(context, settings);
  const auto address = key ? url_of_relay(context, settings) : std::nullopt;
  if (!address) return std::nullopt;
  const auto url = HttpUrl::parse(*address);
  const std::string nonce = option_of(context, "nonce");
  if (!url) {
    context.err << "--url: " << url.error() << '\n';
    return std::nullopt;
  }
  if (!is_header_value(*key) || !is_header_value(nonce)) {
    context.err << (is_header_value(nonce) ? "--key" : "--nonce") << ": needs one line of text\n";
    return std::nullopt;
  }
  HttpCall call{.url = *url, .method = "POST", .target = "/events", .body = *body};
  call.headers = {{"Content-Type", "application/json"}, {"X-Relay-Key", *key}};
  if (!nonce.empty()) call.headers.emplace_back("Nonce", nonce);
  return call;
}

}  // namespace

int run_publish(const CommandContext& context) {
  SettingNeeds needs;
  if (option_of(context, "url").empty()) needs.used = {"HOST", "PORT"};
  if (option_of(context, "key").empty()) needs.required = {"RELAY_API_KEY"};
  const auto loaded = load_or_report(context, needs);
  if (!loaded) return exit_misused;
  const auto call = publish_call(context, loaded->settings);
  if (!call) return exit_misused;

  const auto answer = call_http(*call);
  if (!answer) {
    context.err << "not published: " << answer.error() << '\n';
    return exit_failed;
  }
  context.out << answer->body << (answer->body.ends_with('\n') ? "" : "\n") << std::flush;
  if (answer->status >= 200 && answer->status < 300) return exit_done;
  context.err << "not published: the relay answered " << answer->status << '\n';
  return exit_failed;
}

}  // namespace relay
