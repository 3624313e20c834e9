#include "api/static_files.h"

#include <array>
#include <memory>
#include <utility>

#include "api/problem.h"
#include "auth/client_token.h"
#include "auth/name_rule.h"
#include "base/build_info.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "client_bundle.h"
#include "protocol/json_writer.h"
#include "protocol/query_string.h"
#include "web_files.h"

namespace relay {
namespace {

constexpr std::string_view script_type = "application/javascript; charset=utf-8";
constexpr std::string_view page_policy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' "
    "ws: wss:; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
constexpr std::string_view config_place = "<!--RELAY_CONFIG-->";

std::string_view content_type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  if (name.ends_with(".map")) return "application/json";
  return script_type;
}

HttpResponse file_response(const EmbeddedFile& file, const HttpRequest& request, std::string headers) {
  headers += "Cache-Control: public, max-age=0\r\nETag: ";
  headers += file.etag;
  headers += "\r\n";
  if (request.header("If-None-Match") == file.etag) {
    return {.status = 304, .content_type = {}, .body = {}, .headers = std::move(headers)};
  }
  return {.status = 200,
          .content_type = content_type_of(file.name),
          .body = std::string(file.content),
          .headers = std::move(headers)};
}

// A page of some web site whose name was made to resolve to 127.0.0.1 is of that site's origin to the
// browser: only the Host header tells.
bool is_local_name(std::string_view host) {
  const std::size_t end = host.starts_with('[') ? host.find(']') : host.find(':');
  const std::string_view name = host.substr(0, end);
  return equals_ignoring_case(name, "localhost") || name == "[::1" || name.starts_with("127.");
}

// Safe inside a script element: a `<` cannot end it.
std::string without_tags(std::string_view json) {
  std::string safe;
  for (const char c : json) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

class TryPage {
 public:
  TryPage(TryPageOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  HttpResponse page(const HttpRequest& request) const {
    if (!may_see(request)) return refused();
    std::string html(web_files::find("try/index.html")->content);
    const std::size_t place = html.find(config_place);
    if (place != std::string::npos) {
      html.replace(
          place, config_place.size(),
          R"(<script type="application/json" id="relay-config">)" + without_tags(config()) + "</script>");
    }
    return {.status = 200,
            .content_type = "text/html; charset=utf-8",
            .body = std::move(html),
            .headers = std::string(page_policy) + "Cache-Control: no-store\r\n"};
  }

  HttpResponse token(const HttpRequest& request) const {
    if (!may_see(request)) return refused();
    const QueryString query(request.query);
    const std::string room = query.get("room").value_or("demo");
    const std::string account = query.get("account").value_or("you");
    if (!is_name(room) || !is_name(account) || is_private_room(room)) {
      return problem_response({.status = 400,
                               .code = "invalid_event",
                               .detail = "room and account are 1 to 200 bytes without control characters; "
                                         "a room does not begin with ~."});
    }
    return {.status = 200,
            .content_type = "text/plain; charset=utf-8",
            .body = mint(room, account),
            .headers = "Cache-Control: no-store\r\n"};
  }

 private:
  bool may_see(const HttpRequest& request) const {
    return !options_.local_names_only || is_local_name(request.header("Host").value_or("localhost"));
  }

  static HttpResponse refused() {
    return problem_response(
        {.status = 403,
         .code = "forbidden",
         .detail = "The try-it page answers to localhost only; DEV_INSECURE=true opens it."});
  }

  std::string mint(const std::string& room, const std::string& account) const {
    MintRequest mint;
    mint.account = account;
    mint.session_room = room;
    mint.scope = {"subscribe", "publish"};
    if (!options_.token_issuer.empty()) mint.issuer = options_.token_issuer;
    if (!options_.token_audience.empty()) mint.audience = options_.token_audience;
    return mint_token(mint, options_.signing_secret, clock_.wall());
  }

  std::string config() const {
    const std::string token = mint("demo", "you");
    const std::array<std::pair<std::string_view, std::string_view>, 6> members{
        {{"socketPath", options_.socket_path},
         {"token", token},
         {"apiKey", options_.api_key},
         {"room", "demo"},
         {"account", "you"},
         {"version", version()}}};
    std::string json = "{";
    for (const auto& [name, value] : members) {
      if (json.size() > 1) json += ',';
      append_json_string(json, name);
      json += ':';
      append_json_string(json, value);
    }
    return json + "}";
  }

  const TryPageOptions options_;
  const Clock& clock_;
};

}  // namespace

void add_client_bundle(Router& router, std::string_view socket_path, const CorsPolicy& cors) {
  for (const std::string_view name :
       {"socket.io.js", "socket.io.js.map", "socket.io.min.js", "socket.io.min.js.map",
        "socket.io.esm.min.js", "socket.io.esm.min.js.map"}) {
    const auto file = client_bundle::find(name);
    if (!file) continue;
    router.get(std::string(socket_path) + std::string(name),
               [file = *file, &cors](const HttpRequest& request) {
                 return file_response(file, request, cors.headers_for(request));
               });
  }
}

void add_try_page(Router& router, const TryPageOptions& options, const Clock& clock) {
  const auto page = std::make_shared<const TryPage>(options, clock);
  router.get("/", [page](const HttpRequest& request) { return page->page(request); });
  router.get("/dev/token", [page](const HttpRequest& request) { return page->token(request); });
  for (const std::string_view name :
       {"try.css", "icon.svg", "try.js", "connection.js", "status_view.js", "publish_form.js", "event_log.js",
        "token_view.js", "code_view.js", "dom.js"}) {
    const auto file = web_files::find("try/" + std::string(name));
    if (!file) continue;
    router.get("/dev/" + std::string(name), [file = *file](const HttpRequest& request) {
      return file_response(file, request, std::string(page_policy));
    });
  }
}

}  // namespace relay
