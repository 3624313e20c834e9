#include "engine/cors.h"

namespace relay {

bool CorsPolicy::permits(const HttpRequest& request) const {
  const auto origin = request.header("Origin");
  return !origin || any_origin || (allows && allows(*origin));
}

std::string CorsPolicy::headers_for(const HttpRequest& request) const {
  if (any_origin) return "Access-Control-Allow-Origin: *\r\n";
  std::string headers = "Vary: Origin\r\n";
  const auto origin = request.header("Origin");
  if (origin && allows && allows(*origin)) {
    headers += "Access-Control-Allow-Origin: ";
    headers += *origin;
    headers += "\r\nAccess-Control-Allow-Credentials: true\r\n";
  }
  return headers;
}

HttpResponse CorsPolicy::preflight(const HttpRequest& request) const {
  HttpResponse response{.status = 204, .content_type = {}, .body = {}, .headers = headers_for(request)};
  response.headers += "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n";
  if (const auto wanted = request.header("Access-Control-Request-Headers")) {
    response.headers += "Vary: Access-Control-Request-Headers\r\nAccess-Control-Allow-Headers: ";
    response.headers += *wanted;
    response.headers += "\r\n";
  }
  return response;
}

}  // namespace relay
