#include "net/http_head_parser.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>

namespace relay {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;

std::string_view standard(string_view text) {
  return {text.data(), text.size()};
}

// Notes where things are in the bytes that Beast walks over; copies nothing.
class HeadParser final : public http::basic_parser<true> {
 public:
  explicit HeadParser(HttpRequest& request) : request_(request) {
    header_limit(http_head_bytes_max);
    // How long a body may be is for the handler to say; Beast 1.74 takes "no limit" for one of nothing.
    body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  [[nodiscard]] std::string_view target() const { return target_; }
  [[nodiscard]] bool too_many_headers() const { return too_many_headers_; }

 private:
  using error_code = boost::beast::error_code;

  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    request_.method = standard(method);
    target_ = standard(target);
    request_.version_minor = static_cast<unsigned>(version - 10);
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    if (request_.headers.size() == http_headers_count_max) {
      too_many_headers_ = true;
      return;
    }
    request_.headers.push_back({standard(name), standard(value)});
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  HttpRequest& request_;
  std::string_view target_;
  bool too_many_headers_ = false;
};

std::unexpected<HttpHeadError> bad_request(std::string_view detail) {
  return std::unexpected(HttpHeadError{400, detail});
}

std::unexpected<HttpHeadError> other_version() {
  return std::unexpected(HttpHeadError{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"});
}

// Whether the request line is whole but for a version that is not ours.
bool names_a_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::size_t space = line.rfind(' ');
  const std::string_view version = line.substr(space + 1);
  const auto is_digit = [&](std::size_t at) { return version[at] >= '0' && version[at] <= '9'; };
  return std::ranges::count(line, ' ') == 2 && version.size() == 8 && version.starts_with("HTTP/") &&
         is_digit(5) && version[6] == '.' && is_digit(7);
}

// RFC 9112 §3.2: origin-form, absolute-form (as sent to proxies), or `*` of OPTIONS.
bool split_target(std::string_view target, HttpRequest& request) {
  if (!target.starts_with('/') && target != "*") {
    const std::size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const std::string_view scheme = target.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return false;
    const std::size_t authority = scheme_end + 3;
    const std::size_t path = target.find_first_of("/?", authority);
    if (path == authority) return false;
    target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (request.path.empty()) request.path = "/";
  request.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  return true;
}

bool list_contains(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (equals_ignoring_case(item, token)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

std::expected<void, HttpHeadError> check_framing(HttpRequest& request) {
  std::string_view transfer_encoding;
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t encodings = 0;
  request.keep_alive = request.version_minor >= 1;
  for (const HttpHeader& header : request.headers) {
    if (equals_ignoring_case(header.name, "Host")) {
      ++hosts;
    } else if (equals_ignoring_case(header.name, "Content-Length")) {
      ++lengths;
      std::uint64_t length = 0;
      const char* const end = header.value.data() + header.value.size();
      const auto [parsed, error] = std::from_chars(header.value.data(), end, length);
      if (error != std::errc() || parsed != end)
        return bad_request("Content-Length is not one decimal number");
      request.content_length = length;
    } else if (equals_ignoring_case(header.name, "Transfer-Encoding")) {
      ++encodings;
      transfer_encoding = header.value;
    } else if (equals_ignoring_case(header.name, "Connection")) {
      if (list_contains(header.value, "close")) request.keep_alive = false;
      if (request.version_minor == 0 && list_contains(header.value, "keep-alive")) request.keep_alive = true;
    } else if (equals_ignoring_case(header.name, "Expect")) {
      if (!equals_ignoring_case(header.value, "100-continue")) {
        return std::unexpected(HttpHeadError{417, "the only expectation that can be met is 100-continue"});
      }
      request.expects_continue = request.version_minor >= 1;
    }
  }
  if (hosts > 1) return bad_request("more than one Host header");
  if (hosts == 0 && request.version_minor >= 1) return bad_request("an HTTP/1.1 request needs a Host header");
  if (lengths > 1) return bad_request("more than one Content-Length header");
  if (encodings > 0) {
    if (request.version_minor == 0) return bad_request("Transfer-Encoding in an HTTP/1.0 request");
    if (lengths > 0) return bad_request("both Content-Length and Transfer-Encoding");
    if (encodings > 1) return bad_request("more than one Transfer-Encoding header");
    if (!equals_ignoring_case(transfer_encoding, "chunked")) {
      // Where chunked is not the last one, nobody knows where the body ends (§6.3).
      const std::size_t comma = transfer_encoding.rfind(',');
      const bool ends_in_chunked =
          comma != std::string_view::npos && list_contains(transfer_encoding.substr(comma), "chunked");
      if (!ends_in_chunked) return bad_request("a Transfer-Encoding that does not end in chunked");
      return std::unexpected(HttpHeadError{501, "the only transfer encoding that is understood is chunked"});
    }
    request.chunked = true;
  }
  return {};
}

// Beast joins folded lines (RFC 9112 §5.2); nobody sends them but to be read two ways.
bool has_folded_line(std::string_view head) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    if (at + 2 < head.size() && (head[at + 2] == ' ' || head[at + 2] == '\t')) return true;
  }
  return false;
}

}  // namespace

std::expected<void, HttpHeadError> parse_http_head(std::string_view head, HttpRequest& request) {
  std::vector<HttpHeader> headers = std::move(request.headers);
  headers.clear();
  request = HttpRequest();
  request.headers = std::move(headers);

  if (head.size() > http_head_bytes_max)
    return std::unexpected(HttpHeadError{431, "the head is larger than 16 KiB"});
  if (has_folded_line(head)) return bad_request("a header is folded over several lines");
  HeadParser parser(request);
  boost::beast::error_code error;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (parser.too_many_headers()) return std::unexpected(HttpHeadError{431, "more than 256 headers"});
  if (error == http::error::header_limit)
    return std::unexpected(HttpHeadError{431, "the head is larger than 16 KiB"});
  if (error == http::error::bad_version && names_a_version(head)) return other_version();
  // Beast judges transfer encodings and lengths too; what it refuses of those is told apart below.
  if (error && error != http::error::need_more && error != http::error::bad_transfer_encoding &&
      error != http::error::bad_content_length && error != http::error::bad_chunk) {
    return bad_request("the request line or a header is malformed");
  }
  if (request.version_minor > 1) return other_version();
  if (auto framing = check_framing(request); !framing) return framing;
  if (error && error != http::error::need_more) return bad_request("the request's framing is malformed");
  if (!split_target(parser.target(), request))
    return bad_request("the request target is neither a path nor a URL");
  return {};
}

}  // namespace relay
