#include "api/router.h"

#include <algorithm>
#include <utility>

#include "api/problem.h"

namespace relay {

void Router::get(std::string path, Answer answer) {
  routes_.push_back({std::move(path), std::move(answer)});
}

void Router::post(std::string path, HttpHandler& handler) {
  routes_.push_back({std::move(path), {}, &handler});
}

void Router::mount(std::string prefix, HttpHandler& handler) {
  routes_.push_back({std::move(prefix), {}, &handler, true});
}

const Router::Route* Router::find(std::string_view path) const noexcept {
  const auto found = std::ranges::find_if(routes_, [&](const Route& route) { return route.matches(path); });
  return found == routes_.end() ? nullptr : &*found;
}

std::optional<std::size_t> Router::on_head(HttpConnection& connection, const HttpRequest& request) {
  const Route* const route = find(request.path);
  if (route != nullptr && route->is_handled(request.method)) {
    return route->handler->on_head(connection, request);
  }
  if (request.has_body()) return unwanted_body_bytes_max;
  on_request(connection, request);
  return std::nullopt;
}

std::size_t Router::body_bytes_max(const HttpRequest& request, std::string_view first_bytes,
                                   std::size_t limit_of_head) {
  const Route* const route = find(request.path);
  if (route == nullptr || !route->is_handled(request.method)) return limit_of_head;
  return route->handler->body_bytes_max(request, first_bytes, limit_of_head);
}

void Router::on_request(HttpConnection& connection, const HttpRequest& request) {
  const Route* const route = find(request.path);
  if (route == nullptr) return connection.respond(not_found());
  if (route->is_handled(request.method)) return route->handler->on_request(connection, request);
  if (route->handler != nullptr) return connection.respond(method_not_allowed("POST"));
  if (request.method != "GET" && request.method != "HEAD")
    return connection.respond(method_not_allowed("GET, HEAD"));
  connection.respond(route->answer(request));
}

void Router::on_body_too_large(HttpConnection& connection, const HttpRequest& request) {
  const Route* const route = find(request.path);
  if (route != nullptr && route->is_handled(request.method)) {
    return route->handler->on_body_too_large(connection, request);
  }
  connection.respond(unwanted_body());
}

void Router::on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) {
  HttpResponse response =
      problem_response({.status = status,
                        .code = "bad_request",
                        .detail = "The request is malformed: " + std::string(detail) + "."});
  response.close = true;
  connection.respond(response);
}

void Router::on_aborted(HttpConnection& /*connection*/, const HttpRequest& /*request*/) {}

}  // namespace relay
