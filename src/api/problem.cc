#include "api/problem.h"

#include <utility>

#include "protocol/json_writer.h"

namespace relay {

std::string problem_json(const Problem& problem) {
  std::string json = R"({"type":"about:blank","title":)";
  append_json_string(json, reason_phrase(problem.status));
  json += R"(,"status":)";
  append_json_number(json, problem.status);
  json += R"(,"code":)";
  append_json_string(json, problem.code);
  json += R"(,"detail":)";
  append_json_string(json, problem.detail);
  if (problem.outcome) {
    json += R"(,"outcome":)";
    json += *problem.outcome == Outcome::unknown ? R"("unknown")" : R"("not_done")";
  }
  if (!problem.errors.empty()) {
    json += R"(,"errors":[)";
    for (const FieldError& error : problem.errors) {
      if (&error != problem.errors.data()) json += ',';
      json += R"({"path":)";
      append_json_string(json, error.path);
      json += R"(,"message":)";
      append_json_string(json, error.message);
      json += '}';
    }
    json += ']';
  }
  json += '}';
  return json;
}

HttpResponse problem_response(const Problem& problem, std::string headers) {
  if (problem.status == 503) headers += "Retry-After: 1\r\n";
  if (problem.status == 401) headers += "WWW-Authenticate: Bearer\r\n";
  return {.status = problem.status,
          .content_type = "application/problem+json",
          .body = problem_json(problem),
          .headers = std::move(headers)};
}

Problem problem_of(const PublishRefusal& refusal) {
  return {.status = http_status(refusal.code),
          .code = to_string(refusal.code),
          .detail = refusal.detail,
          .errors = refusal.errors};
}

HttpResponse not_found() {
  return problem_response({.status = 404, .code = "not_found", .detail = "There is nothing at this path."});
}

HttpResponse unwanted_body(std::string headers) {
  HttpResponse response = problem_response(
      {.status = 413, .code = "too_large", .detail = "This path has no use for a body of that size."},
      std::move(headers));
  response.close = true;
  return response;
}

HttpResponse method_not_allowed(std::string_view allow) {
  std::string headers = "Allow: ";
  headers += allow;
  headers += "\r\n";
  return problem_response({.status = 405,
                           .code = "method_not_allowed",
                           .detail = "This path answers " + std::string(allow) + "."},
                          std::move(headers));
}

}  // namespace relay
