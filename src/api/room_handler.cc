#include "api/room_handler.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "api/credentials.h"
#include "api/problem.h"
#include "auth/name_rule.h"
#include "base/utf8.h"
#include "cluster/cluster_presence.h"
#include "protocol/json_scanner.h"
#include "protocol/json_writer.h"
#include "protocol/percent_encoding.h"
#include "protocol/query_string.h"
#include "relay/publish_rule.h"

namespace relay {
namespace {

constexpr auto survey_timeout = std::chrono::milliseconds(2'000);

struct RoomPath {
  std::string room;
  std::string_view resource;
};

// Nullopt for what names no room that anyone could be in, and for private ones.
std::optional<RoomPath> parse_path(std::string_view path) {
  path.remove_prefix(RoomHandler::path_prefix.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view resource = path.substr(slash + 1);
  if (resource != "events" && resource != "presence") return std::nullopt;
  auto room = percent_decode(path.substr(0, slash));
  if (!room || !is_valid_utf8(*room) || !name_problem(*room).empty() || room->starts_with('~')) {
    return std::nullopt;
  }
  return RoomPath{std::move(*room), resource};
}

std::optional<std::size_t> parse_limit(std::string_view text) {
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || limit < 1 || limit > RoomHandler::events_max) return std::nullopt;
  return limit;
}

HttpResponse json_page(std::string body, std::string headers) {
  headers += "Cache-Control: no-store\r\n";
  return {.status = 200,
          .content_type = "application/json",
          .body = std::move(body),
          .headers = std::move(headers)};
}

// The frame as clients get it, `42[name,envelope,offset]`, taken apart again: byte for byte. Returns the
// offset as JSON; it points into the frame.
std::string_view append_event(std::string& out, const RetainedEvent& event) {
  std::array<std::string_view, 3> elements{};
  std::size_t count = 0;
  JsonScanner scanner(event.packet->payload().substr(2), json_depth_limit);
  static_cast<void>(scanner.scan_array([&](std::string_view element) {
    if (count < elements.size()) elements[count++] = element;
  }));
  const auto& [name, envelope, offset] = elements;
  out += R"({"offset":)";
  out += offset;
  out += R"(,"name":)";
  out += name;
  out += R"(,"envelope":)";
  out += envelope;
  out += '}';
  return offset;
}

std::string presence_json(const ClusterAccounts& found) {
  const RoomAccounts& accounts = found.accounts;
  std::string json = R"({"accounts":[)";
  for (const auto& [account, sockets] : accounts) {
    if (json.back() != '[') json += ',';
    json += R"({"account":)";
    append_json_string(json, account);
    json += R"(,"sockets":)";
    append_json_number(json, static_cast<std::int64_t>(sockets));
    json += '}';
  }
  json += R"(],"count":)";
  append_json_number(json, static_cast<std::int64_t>(accounts.size()));
  if (!found.missing_nodes.empty()) {
    json += R"(,"missingNodes":[)";
    for (const std::string& node : found.missing_nodes) {
      if (json.back() != '[') json += ',';
      append_json_string(json, node);
    }
    json += ']';
  }
  json += '}';
  return json;
}

}  // namespace

RoomHandler::RoomHandler(HttpConnections& connections, LocalHub& hub, const ApiKeys& keys,
                         const TokenVerifier& verifier, const CorsPolicy& cors, RedisBus* bus)
    : connections_(connections), hub_(hub), keys_(keys), verifier_(verifier), cors_(cors), bus_(bus) {}

// ---- who may

std::optional<HttpResponse> RoomHandler::refusal(const HttpRequest& request, std::string_view room,
                                                 const std::string& cors) const {
  const auto unauthorized = [&] {
    return problem_response(
        {.status = 401, .code = "unauthorized", .detail = "An API key or a token for this room is needed."},
        cors);
  };
  const auto forbidden = [&] {
    return problem_response(
        {.status = 403, .code = "forbidden", .detail = "This token does not open this room."}, cors);
  };
  const std::string_view bearer = bearer_of(request);
  if (request.header("X-Relay-Key") || !looks_like_token(bearer)) {
    const std::string_view key = presented_key(request);
    if (key.empty() || !keys_.find(key)) return unauthorized();
    return std::nullopt;
  }
  const auto claims = verifier_.verify(bearer, hub_.loop().clock().wall());
  if (!claims) return claims.error().claim == "scope" ? forbidden() : unauthorized();
  const bool opens =
      claims->session_room == room || std::ranges::find(claims->rooms, room) != claims->rooms.end();
  if (!opens) return forbidden();
  return std::nullopt;
}

// ---- the pages

HttpResponse RoomHandler::events_page(const HttpRequest& request, const std::string& room,
                                      std::string cors) const {
  const QueryString query(request.query);
  const auto limit_text = query.get("limit");
  const auto limit = limit_text ? parse_limit(*limit_text) : events_default;
  if (!limit) {
    return problem_response({.status = 400,
                             .code = "invalid_request",
                             .detail = "The query parameter limit must be a whole number from 1 to 1000."},
                            cors);
  }
  const auto after_text = query.get("after");
  const auto after =
      after_text ? parse_offset(hub_.log().epoch().text(), *after_text) : std::optional<Position>();
  const auto page = hub_.log().history("/", room, after, {.events = *limit, .bytes = page_bytes_max});
  const bool complete = page.complete && after.has_value() == after_text.has_value();
  std::string json = R"({"events":[)";
  std::string_view last = "null";
  for (const RetainedEvent& event : page.events) {
    if (json.back() != '[') json += ',';
    last = append_event(json, event);
  }
  json += R"(],"next":)";
  json += last;
  json += complete ? R"(,"complete":true})" : R"(,"complete":false})";
  return json_page(std::move(json), std::move(cors));
}

void RoomHandler::answer_presence(HttpConnection& connection, const std::string& room, std::string cors) {
  survey_cluster_presence(
      hub_, bus_, room, survey_timeout,
      [this, handle = connection.handle(),
       headers = std::move(cors)](const std::optional<ClusterAccounts>& accounts) {
        HttpConnection* const asker = connections_.find(handle);
        if (asker == nullptr) return;
        if (accounts) return asker->respond(json_page(presence_json(*accounts), headers));
        asker->respond(problem_response(
            {.status = 503, .code = "unavailable", .detail = "A worker did not answer in time."}, headers));
      });
}

// ---- requests

std::optional<std::size_t> RoomHandler::on_head(HttpConnection& connection, const HttpRequest& request) {
  if (request.has_body()) return unwanted_body_bytes_max;
  on_request(connection, request);
  return std::nullopt;
}

void RoomHandler::on_request(HttpConnection& connection, const HttpRequest& request) {
  if (request.method == "OPTIONS") return connection.respond(cors_.preflight(request));
  std::string cors = cors_.headers_for(request);
  auto path = parse_path(request.path);
  if (!path) {
    return connection.respond(
        problem_response({.status = 404, .code = "not_found", .detail = "There is no such room."}, cors));
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = method_not_allowed("GET, HEAD");
    response.headers += cors;
    return connection.respond(response);
  }
  if (const auto refused = refusal(request, path->room, cors)) return connection.respond(*refused);
  if (path->resource == "events") {
    return connection.respond(events_page(request, path->room, std::move(cors)));
  }
  answer_presence(connection, path->room, std::move(cors));
}

void RoomHandler::on_body_too_large(HttpConnection& connection, const HttpRequest& request) {
  connection.respond(unwanted_body(cors_.headers_for(request)));
}

// The router answers what is malformed, and nothing is kept of a request that breaks off.
void RoomHandler::on_malformed(HttpConnection& /*connection*/, unsigned /*status*/,
                               std::string_view /*detail*/) {}

void RoomHandler::on_aborted(HttpConnection& /*connection*/, const HttpRequest& /*request*/) {}

}  // namespace relay
