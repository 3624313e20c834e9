#pragma once
// POST /events: one event or a batch of them, from the request's first byte to its answer.
//
// One for each worker. Threading: bound to it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/api_key.h"
#include "net/http_connection.h"
#include "net/http_handler.h"
#include "relay/event_schemas.h"
#include "relay/publisher.h"

namespace relay {

struct PublishHandlerOptions {
  std::size_t event_bytes_max = 262'144;  // a batch's body may be batch_factor times that
  unsigned worker = 0;
  const EventSchemas* schemas = nullptr;  // null: anything goes
};

class PublishHandler final : public HttpHandler {
 public:
  static constexpr std::size_t batch_factor = 16;

  // All must outlive the handler, and `connections` must be those that it is called with.
  PublishHandler(HttpConnections& connections, const ApiKeys& keys, Publisher& publisher,
                 const PublishHandlerOptions& options);
  ~PublishHandler() override;

  [[nodiscard]] std::optional<std::size_t> on_head(HttpConnection& connection,
                                                   const HttpRequest& request) override;
  [[nodiscard]] std::size_t body_bytes_max(const HttpRequest& request, std::string_view first_bytes,
                                           std::size_t limit_of_head) override;
  void on_request(HttpConnection& connection, const HttpRequest& request) override;
  void on_body_too_large(HttpConnection& connection, const HttpRequest& request) override;
  void on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) override;
  void on_aborted(HttpConnection& connection, const HttpRequest& request) override;

 private:
  struct Batch;

  [[nodiscard]] bool is_authorized(const HttpRequest& request) const;
  void refuse(HttpConnection& connection, const PublishRefusal& refusal, bool close = false);
  void note_refusal(const PublishRefusal& refusal);
  void publish_one(HttpConnection& connection, const HttpRequest& request,
                   std::optional<std::chrono::milliseconds> receipt_timeout);
  void publish_batch(HttpConnection& connection, const HttpRequest& request);
  [[nodiscard]] std::string next_request_id();

  HttpConnections& connections_;
  const ApiKeys& keys_;
  Publisher& publisher_;
  const PublishHandlerOptions options_;
  const PublishLimits limits_;
  // The connection whose head was last seen to bring a good key: its body follows at once, and need not be
  // asked again.
  Handle authorized_ = no_handle;
  std::uint64_t requests_ = 0;
};

}  // namespace relay
