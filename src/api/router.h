#pragma once
// Paths of the HTTP API and who answers them. A GET route answers HEAD too; another method gets 405, another
// path 404.
//
// One for each worker and listener. Threading: bound to it.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_connection.h"
#include "net/http_handler.h"

namespace relay {

class Router final : public HttpHandler {
 public:
  using Answer = std::function<HttpResponse(const HttpRequest& request)>;

  // A page: answered at once, whatever the request carries.
  void get(std::string path, Answer answer);
  // Everything but the method is the handler's, which must outlive the router.
  void post(std::string path, HttpHandler& handler);
  // All below `prefix`, which ends with a slash, is the handler's, methods too.
  void mount(std::string prefix, HttpHandler& handler);

  [[nodiscard]] bool knows(std::string_view path) const noexcept { return find(path) != nullptr; }

  [[nodiscard]] std::optional<std::size_t> on_head(HttpConnection& connection,
                                                   const HttpRequest& request) override;
  [[nodiscard]] std::size_t body_bytes_max(const HttpRequest& request, std::string_view first_bytes,
                                           std::size_t limit_of_head) override;
  void on_request(HttpConnection& connection, const HttpRequest& request) override;
  void on_body_too_large(HttpConnection& connection, const HttpRequest& request) override;
  void on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) override;
  void on_aborted(HttpConnection& connection, const HttpRequest& request) override;

 private:
  struct Route {
    std::string path;
    Answer answer;                   // of a GET route
    HttpHandler* handler = nullptr;  // of a POST route, or of a whole folder
    bool is_folder = false;

    [[nodiscard]] bool matches(std::string_view requested) const noexcept {
      return is_folder ? requested.starts_with(path) : requested == path;
    }
    // Whether the handler has the say about a request of this route.
    [[nodiscard]] bool is_handled(std::string_view method) const noexcept {
      return is_folder || (handler != nullptr && method == "POST");
    }
  };

  [[nodiscard]] const Route* find(std::string_view path) const noexcept;

  std::vector<Route> routes_;
};

}  // namespace relay
