#pragma once
// HTTP/1.1 requests and responses as values (RFC 9110, RFC 9112).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

struct HttpHeader {
  std::string_view name;
  std::string_view value;  // without blanks at its ends
};

// A request whose framing was checked. All views point into memory of the connection and are good until the
// handler returns.
struct HttpRequest {
  std::string_view method;  // as sent: methods are case-sensitive
  std::string_view path;    // never empty; not decoded
  std::string_view query;   // what follows the first '?'
  std::vector<HttpHeader> headers;
  std::string_view body;
  unsigned version_minor = 1;  // HTTP/1.x
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;

  // The value of the first header of this name (any case); nullopt when there is none.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] std::size_t header_count(std::string_view name) const;
  // All values of a list header in one, joined by ", ".
  [[nodiscard]] std::string joined_header(std::string_view name) const;
  [[nodiscard]] bool has_body() const noexcept { return chunked || content_length.value_or(0) > 0; }
};

struct HttpResponse {
  unsigned status = 200;
  std::string_view content_type;  // no such header when empty
  std::string body;
  std::string headers = {};  // further ones, each ended by CRLF
  bool close = false;        // the connection ends after this answer
};

// "OK" for 200.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

// ASCII only, as header names and schemes are compared.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace relay
