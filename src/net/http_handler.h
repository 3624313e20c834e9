#pragma once
// What stands above an HTTP connection: it decides about each request and answers it, at once or later.

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/http_message.h"

namespace relay {

class HttpConnection;

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // A head is complete. Returns how many bytes of body the request may have, or nullopt when nothing more is
  // to be done with it because the handler has answered, released the connection to another worker, or taken
  // its stream for another protocol.
  [[nodiscard]] virtual std::optional<std::size_t> on_head(HttpConnection& connection,
                                                           const HttpRequest& request) = 0;

  // The first bytes of a body that has not come whole: the limit may depend on them. Asked at least once
  // before more than on_head() allowed is waited for.
  [[nodiscard]] virtual std::size_t body_bytes_max(const HttpRequest& /*request*/,
                                                   std::string_view /*first_bytes*/,
                                                   std::size_t limit_of_head) {
    return limit_of_head;
  }

  // The request is complete. The handler calls connection.respond() now, or keeps connection.handle() and
  // does it later.
  virtual void on_request(HttpConnection& connection, const HttpRequest& request) = 0;

  // The body is longer than on_head() allowed; what is left of it will not be read. Must answer, with close
  // set.
  virtual void on_body_too_large(HttpConnection& connection, const HttpRequest& request) = 0;

  // The bytes are no request that may be answered normally. Must answer, with close set.
  virtual void on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) = 0;

  // The peer went away in the middle of this request's body. The connection ends by itself.
  virtual void on_aborted(HttpConnection& connection, const HttpRequest& request) = 0;
};

// Told when the peer of a connection goes away before it was answered: the owner of a parked long poll.
class PeerListener {
 public:
  virtual void on_peer_gone(HttpConnection& connection) = 0;

 protected:
  ~PeerListener() = default;
};

}  // namespace relay
