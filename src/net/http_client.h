#pragma once
// One HTTP request, and the wait for its answer: for the commands that talk to a relay.
//
// Threading: any; the calling thread blocks, so nothing that serves may use it.

#include <chrono>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relay {

// Where a relay is: http://host[:port][/base]. Plain HTTP only.
struct HttpUrl {
  std::string host;  // an IPv6 address without its brackets
  std::string port = "80";
  std::string base;  // path under which the relay is seen; empty, or begins with '/' and does not end with it

  // The error is a sentence about `text`, which it does not repeat: a URL may hold a password.
  [[nodiscard]] static std::expected<HttpUrl, std::string> parse(std::string_view text);

  // The value of a Host header.
  [[nodiscard]] std::string authority() const;

  friend bool operator==(const HttpUrl&, const HttpUrl&) = default;
};

struct HttpCall {
  HttpUrl url;
  std::string method = "GET";
  std::string target = "/";                                       // behind the base; begins with '/'
  std::vector<std::pair<std::string, std::string>> headers = {};  // besides Host and Content-Length
  std::string body = {};
  std::chrono::milliseconds timeout{10000};  // of the whole call, but for the resolving of the host's name
};

struct HttpAnswer {
  unsigned status;
  std::string body;
};

inline constexpr std::size_t http_answer_bytes_max = 16 * 1024 * 1024;

// The error says in a few words why there was no answer.
[[nodiscard]] std::expected<HttpAnswer, std::string> call_http(const HttpCall& call);

}  // namespace relay
