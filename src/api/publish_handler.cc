#include "api/publish_handler.h"

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "api/credentials.h"
#include "api/problem.h"
#include "protocol/json_writer.h"
#include "protocol/query_string.h"
#include "relay/publish_request.h"

namespace relay {
namespace {

using std::chrono::milliseconds;

// What a request without a good key may make us read before it is told so.
constexpr std::size_t unauthorized_body_bytes_max = 64 * 1024;

constexpr auto receipt_timeout_default = milliseconds(5'000);
constexpr auto receipt_timeout_max = milliseconds(10'000);

PublishRefusal unauthorized() {
  return {
      PublishError::unauthorized, "A publish key is needed, in X-Relay-Key or as Authorization: Bearer.", {}};
}

PublishRefusal too_large(std::size_t limit) {
  return {PublishError::too_large, "The body is larger than " + std::to_string(limit) + " bytes.", {}};
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_json(const HttpRequest& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  return equals_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json");
}

// `nonce` and `Idempotency-Key`, as often as they come: all must agree.
std::expected<void, PublishRefusal> take_header_nonces(PublishRequest& event, const HttpRequest& request) {
  for (const HttpHeader& header : request.headers) {
    if (!equals_ignoring_case(header.name, "nonce") && !equals_ignoring_case(header.name, "Idempotency-Key"))
      continue;
    if (auto taken = apply_header_nonce(event, header.value, std::nullopt); !taken) return taken;
  }
  return {};
}

bool has_header_nonce(const HttpRequest& request) {
  return request.header_count("nonce") + request.header_count("Idempotency-Key") > 0;
}

PublishRefusal bad_parameter(std::string_view name, std::string_view rule) {
  const std::string message = "the query parameter " + std::string(name) + " " + std::string(rule);
  return {PublishError::invalid_event, "T" + message.substr(1) + ".", {{"", message}}};
}

// `?wait=delivered&timeout=<ms>`; nullopt when nothing is to be waited for.
std::expected<std::optional<milliseconds>, PublishRefusal> receipt_timeout_of(const HttpRequest& request) {
  const QueryString query(request.query);
  const auto wait = query.get("wait");
  if (!wait) return std::nullopt;
  if (*wait != "delivered") return std::unexpected(bad_parameter("wait", "must be delivered"));
  if (is_batch(request.body)) return std::unexpected(bad_parameter("wait", "is not for a batch"));
  const auto text = query.get("timeout");
  if (!text) return receipt_timeout_default;
  milliseconds::rep timeout = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), timeout);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  if (!whole || timeout < 1 || milliseconds(timeout) > receipt_timeout_max) {
    return std::unexpected(
        bad_parameter("timeout", "must be a whole number of milliseconds from 1 to 10000"));
  }
  return milliseconds(timeout);
}

void append_receipts(std::string& json, const ReceiptReport& report) {
  json += R"(,"confirmed":)";
  append_json_number(json, static_cast<std::int64_t>(report.confirmed));
  json += R"(,"missing":[)";
  for (const Recipient& recipient : report.missing) {
    if (json.back() != '[') json += ',';
    json += R"({"account":)";
    append_json_string(json, recipient.owner);
    json += R"(,"socketId":)";
    append_json_string(json, recipient.socket_id);
    json += '}';
  }
  json += ']';
}

// Without its braces, so that an element of a batch can have `status` in front.
std::string accepted_members(const PublishResult& result) {
  const bool duplicate = result.verdict == PublishVerdict::duplicate;
  std::string json = R"("delivered":true,"duplicate":)";
  json += duplicate ? "true" : "false";
  json += R"(,"id":)";
  append_json_string(json, result.id);
  json += R"(,"issuedAt":)";
  append_json_string(json, result.issued_at);
  if (!duplicate) {
    json += R"(,"recipients":)";
    append_json_number(json, static_cast<std::int64_t>(result.recipients));
  }
  if (result.receipts) append_receipts(json, *result.receipts);
  return json;
}

bool is_accepted(const PublishResult& result) {
  return result.verdict == PublishVerdict::accepted || result.verdict == PublishVerdict::duplicate;
}

Problem problem_of(const PublishResult& result) {
  if (result.verdict == PublishVerdict::conflict) {
    return {.status = http_status(PublishError::nonce_conflict),
            .code = to_string(PublishError::nonce_conflict),
            .detail = "This nonce was used for another event."};
  }
  const bool unknown = result.verdict == PublishVerdict::unknown;
  return {.status = http_status(PublishError::unavailable),
          .code = to_string(PublishError::unavailable),
          .detail = unknown
                        ? "The cluster did not answer in time. Retry with the same nonce to know the outcome."
                        : "The event was not published. Retry later.",
          .outcome = unknown ? Outcome::unknown : Outcome::not_done};
}

HttpResponse answer_to(const PublishResult& result) {
  if (!is_accepted(result)) return problem_response(problem_of(result));
  return {.status = 202, .content_type = "application/json", .body = "{" + accepted_members(result) + "}"};
}

}  // namespace

// A batch whose events are under way. Lives as long as a callback of one of them does.
struct PublishHandler::Batch {
  Handle connection;
  std::vector<std::string> answers;  // in order
  std::size_t missing;
  bool all_accepted = true;

  void put(std::size_t index, const PublishResult& result) {
    if (is_accepted(result)) {
      answers[index] = R"({"status":202,)" + accepted_members(result) + "}";
    } else {
      put_problem(index, problem_of(result));
    }
    --missing;
  }
  void put_problem(std::size_t index, const Problem& problem) {
    answers[index] = problem_json(problem);
    all_accepted = false;
  }

  [[nodiscard]] HttpResponse response() const {
    std::string body = "[";
    for (const std::string& answer : answers) {
      if (body.size() > 1) body += ',';
      body += answer;
    }
    body += ']';
    return {
        .status = all_accepted ? 202U : 207U, .content_type = "application/json", .body = std::move(body)};
  }
};

PublishHandler::PublishHandler(HttpConnections& connections, const ApiKeys& keys, Publisher& publisher,
                               const PublishHandlerOptions& options)
    : connections_(connections),
      keys_(keys),
      publisher_(publisher),
      options_(options),
      limits_{.event_bytes_max = options.event_bytes_max, .schemas = options.schemas} {}

PublishHandler::~PublishHandler() = default;

bool PublishHandler::is_authorized(const HttpRequest& request) const {
  const std::string_view key = presented_key(request);
  return !key.empty() && keys_.find(key).has_value();
}

void PublishHandler::refuse(HttpConnection& connection, const PublishRefusal& refusal, bool close) {
  note_refusal(refusal);
  HttpResponse response = problem_response(problem_of(refusal));
  response.close = close;
  connection.respond(response);
}

void PublishHandler::note_refusal(const PublishRefusal& refusal) {
  publisher_.probe().publish_refused(refusal.code);
  // Not which fields: the name of an unknown one is the publisher's text.
  publisher_.log().debug("publish refused",
                         {{"code", to_string(refusal.code)}, {"errors", refusal.errors.size()}});
}

std::optional<std::size_t> PublishHandler::on_head(HttpConnection& connection, const HttpRequest& request) {
  authorized_ = is_authorized(request) ? connection.handle() : no_handle;
  if (authorized_ == no_handle) return unauthorized_body_bytes_max;
  return options_.event_bytes_max * batch_factor;
}

std::size_t PublishHandler::body_bytes_max(const HttpRequest& /*request*/, std::string_view first_bytes,
                                           std::size_t limit_of_head) {
  return is_batch(first_bytes) ? limit_of_head : std::min(limit_of_head, options_.event_bytes_max);
}

void PublishHandler::on_body_too_large(HttpConnection& connection, const HttpRequest& request) {
  if (!is_authorized(request)) return refuse(connection, unauthorized(), true);
  refuse(connection, too_large(options_.event_bytes_max), true);
}

void PublishHandler::on_malformed(HttpConnection& /*connection*/, unsigned /*status*/,
                                  std::string_view /*detail*/) {}

void PublishHandler::on_aborted(HttpConnection& /*connection*/, const HttpRequest& /*request*/) {}

void PublishHandler::on_request(HttpConnection& connection, const HttpRequest& request) {
  const bool authorized =
      std::exchange(authorized_, no_handle) == connection.handle() || is_authorized(request);
  if (!authorized) return refuse(connection, unauthorized());
  if (!is_json(request)) {
    return refuse(connection,
                  {PublishError::unsupported_media_type, "The Content-Type must be application/json.", {}});
  }
  const auto receipt_timeout = receipt_timeout_of(request);
  if (!receipt_timeout) return refuse(connection, receipt_timeout.error());
  if (is_batch(request.body)) return publish_batch(connection, request);
  if (request.body.size() > options_.event_bytes_max) {
    return refuse(connection, too_large(options_.event_bytes_max));
  }
  publish_one(connection, request, *receipt_timeout);
}

void PublishHandler::publish_one(HttpConnection& connection, const HttpRequest& request,
                                 std::optional<std::chrono::milliseconds> receipt_timeout) {
  auto event = parse_publish(request.body, limits_);
  if (!event) return refuse(connection, event.error());
  if (const auto taken = take_header_nonces(*event, request); !taken)
    return refuse(connection, taken.error());
  publisher_.publish(*event, connections_.loop().now(), next_request_id(), receipt_timeout,
                     [this, waiting = connection.handle()](const PublishResult& result) {
                       if (HttpConnection* const asker = connections_.find(waiting))
                         asker->respond(answer_to(result));
                     });
}

void PublishHandler::publish_batch(HttpConnection& connection, const HttpRequest& request) {
  if (has_header_nonce(request)) {
    return refuse(connection, {PublishError::invalid_event,
                               "A batch cannot have a nonce header: give each event its own.",
                               {{"", "a nonce header on a batch"}}});
  }
  const auto events = split_batch(request.body);
  if (!events) return refuse(connection, events.error());
  const auto batch =
      std::make_shared<Batch>(connection.handle(), std::vector<std::string>(events->size()), events->size());
  const std::string request_id = next_request_id();
  for (std::size_t i = 0; i < events->size(); ++i) {
    const auto event = parse_publish((*events)[i], limits_);
    if (!event) {
      note_refusal(event.error());
      batch->put_problem(i, problem_of(event.error()));
      --batch->missing;
      continue;
    }
    publisher_.publish(*event, connections_.loop().now(), request_id, std::nullopt,
                       [this, batch, i](const PublishResult& result) {
                         batch->put(i, result);
                         if (batch->missing > 0) return;
                         if (HttpConnection* const asker = connections_.find(batch->connection))
                           asker->respond(batch->response());
                       });
  }
  // Nothing was accepted, or every twin was known already: no callback is left to answer.
  if (batch->missing == 0 && connection.awaits_answer()) connection.respond(batch->response());
}

// For the log: short, unique in the life of the node.
std::string PublishHandler::next_request_id() {
  std::array<char, 24> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), ++requests_, 36);
  return std::to_string(options_.worker) + "-" + std::string(text.data(), end);
}

}  // namespace relay
