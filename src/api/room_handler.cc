#include "api/room_handler.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "api/credentials.h"
#include "api/problem.h"
#include "auth/name_rule.h"
#include "base/utf8.h"
#include "cluster/cluster_presence.h"
#include "protocol/json_writer.h"
#include "protocol/percent_encoding.h"
#include "relay/publish_rule.h"

namespace relay {
namespace {

constexpr auto answer_timeout = std::chrono::milliseconds(2'000);

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

HttpResponse json_page(std::string body, std::string headers) {
  headers += "Cache-Control: no-store\r\n";
  return {.status = 200,
          .content_type = "application/json",
          .body = std::move(body),
          .headers = std::move(headers)};
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

void RoomHandler::answer_events(HttpConnection& connection, HistoryWish wish, std::string cors) {
  const bool may_wait = waiting_.size() < waiting_max && is_ahead_of(hub_.log(), wish);
  const auto in_sync = [this, handle = connection.handle()] { end_wait(handle); };
  if (!may_wait || hub_.sync(in_sync)) {
    return connection.respond(json_page(history_json(hub_.log(), wish), std::move(cors)));
  }
  const SteadyTime now = hub_.loop().now();
  if (waiting_.empty()) hub_.loop().timers().arm(overdue_, now, answer_timeout);
  waiting_.push_back({connection.handle(), now + answer_timeout, std::move(wish), std::move(cors)});
}

void RoomHandler::end_wait(Handle connection) {
  const auto found = std::ranges::find(waiting_, connection, &Waiting::connection);
  if (found == waiting_.end()) return;
  const Waiting waiting = std::move(*found);
  waiting_.erase(found);
  HttpConnection* const asker = connections_.find(waiting.connection);
  if (asker != nullptr) asker->respond(json_page(history_json(hub_.log(), waiting.wish), waiting.cors));
}

// The bus is away: they are told what there is.
void RoomHandler::on_overdue() {
  const SteadyTime now = hub_.loop().now();
  while (!waiting_.empty() && waiting_.front().deadline <= now) end_wait(waiting_.front().connection);
  if (!waiting_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(waiting_.front().deadline - now);
    hub_.loop().timers().arm(overdue_, now, left);
  }
}

void RoomHandler::answer_presence(HttpConnection& connection, const std::string& room, std::string cors) {
  survey_cluster_presence(
      hub_, bus_, room, answer_timeout,
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
    auto wish = parse_history_wish(std::move(path->room), request.query);
    if (wish) return answer_events(connection, std::move(*wish), std::move(cors));
    return connection.respond(problem_response(
        {.status = 400, .code = "invalid_request", .detail = std::string(wish.error())}, cors));
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
