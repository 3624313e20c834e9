#include "net/http_client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace relay {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

// Runs one operation to its end: `start` gets the handler. The stream's own timeout ends it when nothing
// happens.
template <typename Start>
error_code run_one(asio::io_context& context, Start start) {
  error_code result = asio::error::would_block;
  start([&result](error_code error, auto&&...) { result = error; });
  context.restart();
  context.run();
  return result;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && port >= 1 &&
         port <= 65535;
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

http::request<http::string_body> request_of(const HttpCall& call) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(call.method);
  request.target(call.url.base + call.target);
  request.set(http::field::host, call.url.authority());
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : call.headers) request.set(name, value);
  request.body() = call.body;
  request.prepare_payload();
  return request;
}

}  // namespace

std::expected<HttpUrl, std::string> HttpUrl::parse(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (text.starts_with("https://")) return std::unexpected("needs http://: https is not supported here yet");
  if (!text.starts_with(scheme)) return std::unexpected("needs a URL such as http://127.0.0.1:4000");
  text.remove_prefix(scheme.size());
  if (!is_visible(text) || text.find_first_of("?#@") != std::string_view::npos) {
    return std::unexpected("needs a URL of host, port and path alone");
  }
  HttpUrl url;
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, slash);
  url.base = text.substr(slash);
  while (url.base.ends_with('/')) url.base.pop_back();
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = bracket == std::string_view::npos ? bracket : authority.find(':', bracket);
  if (colon != std::string_view::npos) {
    url.port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  url.host = authority;
  if (url.host.empty() || url.host.find_first_of("[]") != std::string::npos || !is_port(url.port)) {
    return std::unexpected("needs a host, and a port from 1 to 65535 behind the colon");
  }
  return url;
}

std::string HttpUrl::authority() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

std::expected<HttpAnswer, std::string> call_http(const HttpCall& call) {
  asio::io_context context;
  error_code error;
  const auto addresses = asio::ip::tcp::resolver(context).resolve(call.url.host, call.url.port, error);
  if (error) return std::unexpected("cannot resolve the host: " + error.message());

  beast::tcp_stream stream(context);
  stream.expires_after(call.timeout);
  error = run_one(context, [&](auto done) { stream.async_connect(addresses, std::move(done)); });
  if (error) return std::unexpected("cannot connect: " + error.message());

  const auto request = request_of(call);
  error = run_one(context, [&](auto done) { http::async_write(stream, request, std::move(done)); });
  // A server that refuses a large body answers before it was sent; so the answer is read all the same.
  const bool was_cut = error == asio::error::broken_pipe || error == asio::error::connection_reset;
  if (error && !was_cut) return std::unexpected("cannot send: " + error.message());

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(http_answer_bytes_max);
  error = run_one(context, [&](auto done) { http::async_read(stream, buffer, parser, std::move(done)); });
  if (error) return std::unexpected("no answer: " + error.message());
  return HttpAnswer{parser.get().result_int(), std::move(parser.get().body())};
}

}  // namespace relay
