#include "api/router.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <unistd.h>

namespace relay {
namespace {

using std::chrono::milliseconds;

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.get("/page", [](const HttpRequest& request) {
      return HttpResponse{
          .status = 200, .content_type = "text/plain", .body = "page " + std::string(request.query)};
    });
  }

  std::string ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    connections_.adopt({ByteStream(ends[0]), IpAddress(), {}});
    const std::string request = method + " " + target +
                                " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
                                "\r\n\r\n" + body;
    EXPECT_EQ(write(ends[1], request.data(), request.size()), static_cast<ssize_t>(request.size()));
    loop_.wait(milliseconds(0));
    loop_.dispatch();
    loop_.flush_dirty();
    char chunk[8192];
    const ssize_t got = read(ends[1], chunk, sizeof chunk);
    close(ends[1]);
    return {chunk, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  SystemClock clock_;
  EventLoop loop_{clock_, milliseconds(1)};
  Router router_;
  NetProbe probe_;
  HttpConnections connections_{loop_, router_, {}, probe_};
};

TEST_F(RouterTest, AnswersAPage) {
  const std::string answer = ask("GET", "/page?x=1");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("page x=1"));
}

TEST_F(RouterTest, APageAnswersHeadWithItsLengthAlone) {
  const std::string answer = ask("HEAD", "/page");
  EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(RouterTest, AnotherMethodIs405AndNamesWhatIsAllowed) {
  const std::string answer = ask("POST", "/page", "{}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 ")) << answer;
  EXPECT_NE(answer.find("Allow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_NE(answer.find("method_not_allowed"), std::string::npos);
}

TEST_F(RouterTest, AnotherPathIs404) {
  for (const char* path : {"/", "/page/", "/PAGE", "/pag"}) {
    EXPECT_TRUE(ask("GET", path).starts_with("HTTP/1.1 404 ")) << path;
  }
}

}  // namespace
}  // namespace relay
