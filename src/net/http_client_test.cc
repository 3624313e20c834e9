#include "net/http_client.h"

#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <unistd.h>

#include "net/websocket_client.h"

namespace relay {
namespace {

// Accepts one connection, reads what comes first, writes `answer` and closes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, text = std::move(answer)] { serve(text); });
  }
  ~OneAnswer() {
    thread_.join();
    close(listener_);
  }

  [[nodiscard]] HttpUrl url() const {
    return {.host = "127.0.0.1", .port = std::to_string(port_), .base = "/base"};
  }

  // After the answer has come.
  [[nodiscard]] const std::string& request() const { return request_; }

 private:
  void serve(const std::string& answer) {
    const int connection = accept(listener_, nullptr, nullptr);
    char buffer[4096];
    const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
    if (count > 0) request_.assign(buffer, static_cast<std::size_t>(count));
    EXPECT_EQ(send(connection, answer.data(), answer.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer.size()));
    close(connection);
  }

  const int listener_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

TEST(HttpClient, ReadsUrls) {
  struct Case {
    std::string_view text;
    HttpUrl url;
  };
  const Case cases[] = {
      {"http://127.0.0.1:4000", {"127.0.0.1", "4000", ""}},
      {"http://relay.example/", {"relay.example", "80", ""}},
      {"http://relay.example/a/b/", {"relay.example", "80", "/a/b"}},
      {"http://[::1]:4000", {"::1", "4000", ""}},
      {"http://[::1]", {"::1", "80", ""}},
  };
  for (const auto& [text, url] : cases) EXPECT_EQ(HttpUrl::parse(text), url) << text;
  for (const std::string_view bad :
       {"", "relay.example", "ftp://a", "http://", "http://:1", "http://a:0", "http://a:x", "http://a b",
        "http://u:p@a", "http://a?b", "http://[::1", "http://a:65536"}) {
    EXPECT_FALSE(HttpUrl::parse(bad).has_value()) << bad;
  }
  EXPECT_NE(HttpUrl::parse("https://a").error().find("https"), std::string::npos);
}

TEST(HttpClient, NamesIpv6HostsInBrackets) {
  EXPECT_EQ((HttpUrl{"::1", "80", ""}).authority(), "[::1]:80");
}

TEST(HttpClient, SendsOneRequestAndReadsItsAnswer) {
  OneAnswer server("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok");

  const auto answer = call_http({.url = server.url(),
                                 .method = "POST",
                                 .target = "/events",
                                 .headers = {{"X-Relay-Key", "k"}},
                                 .body = "{}"});

  ASSERT_TRUE(answer.has_value()) << answer.error();
  EXPECT_EQ(answer->status, 202U);
  EXPECT_EQ(answer->body, "ok");
  EXPECT_TRUE(server.request().starts_with("POST /base/events HTTP/1.1\r\nHost: 127.0.0.1:"))
      << server.request();
  EXPECT_NE(server.request().find("X-Relay-Key: k\r\n"), std::string::npos);
}

TEST(HttpClient, FailsOnWhatIsNotHttp) {
  OneAnswer server("nonsense\r\n\r\n");
  EXPECT_FALSE(call_http({.url = server.url()}).has_value());
}

TEST(HttpClient, SaysThatNobodyListens) {
  const auto answer = call_http({.url = {"127.0.0.1", "1", ""}});
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().starts_with("cannot connect: ")) << answer.error();
}

TEST(WebsocketClient, SaysWithWhichStatusItWasRefused) {
  OneAnswer server("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");

  const auto connection = WebsocketClient::open(server.url(), "/x", std::chrono::seconds(5));

  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error(), "refused with HTTP status 503");
}

}  // namespace
}  // namespace relay
