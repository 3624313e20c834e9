#include "net/http_connection.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <unistd.h>

namespace relay {
namespace {

using std::chrono::milliseconds;

// Answers every request with what it was: "METHOD path body".
class EchoHandler final : public HttpHandler {
 public:
  std::optional<std::size_t> on_head(HttpConnection&, const HttpRequest&) override { return body_max; }
  void on_request(HttpConnection& connection, const HttpRequest& request) override {
    const std::string line =
        std::string(request.method) + " " + std::string(request.path) + " " + std::string(request.body);
    if (hold) {
      connection.set_peer_listener(listener);
      held.push_back(connection.handle());
      held_lines.push_back(line);
      return;
    }
    connection.respond({.status = 200, .content_type = "text/plain", .body = line});
  }
  void on_body_too_large(HttpConnection& connection, const HttpRequest&) override {
    connection.respond({.status = 413, .content_type = {}, .body = {}, .close = true});
  }
  void on_malformed(HttpConnection& connection, unsigned status, std::string_view) override {
    connection.respond({.status = status, .content_type = {}, .body = {}, .close = true});
  }
  void on_aborted(HttpConnection&, const HttpRequest& request) override {
    aborted.emplace_back(request.path);
  }

  std::size_t body_max = 1000;
  bool hold = false;
  PeerListener* listener = nullptr;
  std::vector<Handle> held;
  std::vector<std::string> held_lines;
  std::vector<std::string> aborted;
};

class HttpConnectionTest : public ::testing::Test {
 protected:
  HttpConnectionTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    peer_ = ends[1];
    connections_.adopt({ByteStream(ends[0]), *IpAddress::parse("192.0.2.1"), {}});
  }
  ~HttpConnectionTest() override {
    if (peer_ >= 0) close(peer_);
  }

  void send(const std::string& bytes) {
    ASSERT_EQ(write(peer_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void turn() {
    loop_.wait(milliseconds(0));
    loop_.dispatch();
    loop_.flush_dirty();
    loop_.destroy_closed();
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) turn();
  }
  std::string received() {
    std::string all;
    char chunk[65536];
    for (ssize_t got = 0; (got = read(peer_, chunk, sizeof chunk)) > 0;)
      all.append(chunk, static_cast<std::size_t>(got));
    return all;
  }
  bool ended() {
    char byte = 0;
    return read(peer_, &byte, 1) == 0;
  }
  static std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  ManualClock clock_;
  EventLoop loop_{clock_, milliseconds(1)};
  EchoHandler handler_;
  NetProbe probe_;
  HttpConnections connections_{
      loop_, handler_, {.request_timeout = milliseconds(100), .keep_alive = milliseconds(500)}, probe_};
  int peer_ = -1;
};

constexpr const char* head_end = " HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(HttpConnectionTest, AnswersRequestsThatComeByteByByte) {
  const std::string request = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (const char c : request) {
    send(std::string(1, c));
    turn();
  }
  EXPECT_NE(received().find("\r\n\r\nPOST /x hello"), std::string::npos);
}

TEST_F(HttpConnectionTest, AnswersPipelinedRequestsInOrder) {
  send("GET /1" + std::string(head_end) + "GET /2" + head_end + "GET /3" + head_end);
  turns(3);
  const std::string text = received();
  EXPECT_LT(text.find("GET /1"), text.find("GET /2"));
  EXPECT_LT(text.find("GET /2"), text.find("GET /3"));
  EXPECT_EQ(count(text, "HTTP/1.1 200"), 3U);
}

TEST_F(HttpConnectionTest, APipelinedRequestWaitsForTheAnswerThatIsOwed) {
  handler_.hold = true;
  send("GET /1" + std::string(head_end) + "GET /2" + head_end);
  turns(3);
  ASSERT_EQ(handler_.held.size(), 1U);

  handler_.hold = false;
  connections_.find(handler_.held[0])->respond({.status = 200, .content_type = {}, .body = "late"});
  turns(3);

  const std::string text = received();
  EXPECT_LT(text.find("late"), text.find("GET /2"));
  EXPECT_EQ(count(text, "HTTP/1.1 200"), 2U);
}

TEST_F(HttpConnectionTest, ALateAnswerToAConnectionThatIsGoneFindsNobody) {
  handler_.hold = true;
  send("GET /1" + std::string(head_end));
  turn();
  connections_.find(handler_.held[0])->abort();
  turn();
  EXPECT_EQ(connections_.find(handler_.held[0]), nullptr);
  EXPECT_EQ(connections_.size(), 0U);
}

TEST_F(HttpConnectionTest, AHalfClosedPeerStillGetsItsAnswer) {
  handler_.hold = true;
  send("GET /1" + std::string(head_end));
  shutdown(peer_, SHUT_WR);
  turns(2);

  connections_.find(handler_.held[0])->respond({.status = 200, .content_type = {}, .body = "late"});
  turns(2);

  EXPECT_NE(received().find("late"), std::string::npos);
  EXPECT_EQ(connections_.size(), 0U);
}

TEST_F(HttpConnectionTest, AHalfClosedPeerGetsTheAnswersToAllThatItSent) {
  handler_.hold = true;
  send("GET /1" + std::string(head_end) + "GET /2" + head_end);
  shutdown(peer_, SHUT_WR);
  turns(2);
  ASSERT_EQ(handler_.held.size(), 1U);

  handler_.hold = false;
  connections_.find(handler_.held[0])->respond({.status = 200, .content_type = {}, .body = "late"});
  turns(3);

  const std::string text = received();
  EXPECT_NE(text.find("late"), std::string::npos);
  EXPECT_NE(text.find("GET /2"), std::string::npos);
  EXPECT_EQ(connections_.size(), 0U);
}

class GoneCounter final : public PeerListener {
 public:
  void on_peer_gone(HttpConnection&) override { ++gone; }
  int gone = 0;
};

TEST_F(HttpConnectionTest, NoticesAPeerThatLeftRightBehindItsRequest) {
  GoneCounter listener;
  handler_.hold = true;
  handler_.listener = &listener;
  send("GET /1" + std::string(head_end));
  shutdown(peer_, SHUT_WR);  // before the request was read: one readiness for both
  turns(3);
  EXPECT_EQ(listener.gone, 1);
  EXPECT_EQ(connections_.size(), 0U);
}

TEST_F(HttpConnectionTest, RefusesABodyBeforeItComesAndClosesAfterTheAnswer) {
  send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  turns(2);
  const std::string text = received();
  EXPECT_TRUE(text.starts_with("HTTP/1.1 413")) << text;
  EXPECT_EQ(text.find("100 Continue"), std::string::npos);
  EXPECT_TRUE(ended());
}

TEST_F(HttpConnectionTest, AsksForABodyThatIsExpectedAndAllowed) {
  send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  turn();
  EXPECT_EQ(received(), "HTTP/1.1 100 Continue\r\n\r\n");
  send("hello");
  turn();
  EXPECT_NE(received().find("POST /x hello"), std::string::npos);
}

TEST_F(HttpConnectionTest, ReadsAChunkedBody) {
  send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  turn();
  send("2\r\nde\r\n0\r\n\r\n");
  turn();
  EXPECT_NE(received().find("POST /x abcde"), std::string::npos);
}

TEST_F(HttpConnectionTest, GivesAHeadThatDoesNotEndATimeout) {
  send("GET /x HTTP/1.1\r\n");
  turn();
  clock_.advance(milliseconds(110));
  turns(2);
  EXPECT_TRUE(received().starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(ended());
  EXPECT_EQ(probe_.requests_timed_out.value(), 1U);
}

TEST_F(HttpConnectionTest, ClosesAnIdleConnectionWithoutAWord) {
  send("GET /x" + std::string(head_end));
  turn();
  static_cast<void>(received());
  clock_.advance(milliseconds(400));
  turn();
  EXPECT_EQ(connections_.size(), 1U);
  clock_.advance(milliseconds(110));
  turns(2);
  EXPECT_EQ(connections_.size(), 0U);
  EXPECT_TRUE(ended());
}

TEST_F(HttpConnectionTest, TellsTheHandlerOfABodyThatWillNotCome) {
  send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  turn();
  shutdown(peer_, SHUT_RDWR);
  turns(2);
  EXPECT_EQ(handler_.aborted, std::vector<std::string>{"/x"});
  EXPECT_EQ(connections_.size(), 0U);
}

TEST_F(HttpConnectionTest, RefusesWhatIsNoHttpAtOnce) {
  send("\x16\x03\x01");
  turns(2);
  EXPECT_TRUE(received().starts_with("HTTP/1.1 400"));
}

TEST_F(HttpConnectionTest, AHeadWithoutAnEndIsBounded) {
  send("GET / HTTP/1.1\r\nX: " + std::string(17'000, 'x'));
  turns(2);
  EXPECT_TRUE(received().starts_with("HTTP/1.1 431"));
}

TEST_F(HttpConnectionTest, AnswersHeadWithoutABody) {
  send("HEAD /x" + std::string(head_end));
  turn();
  const std::string text = received();
  EXPECT_NE(text.find("Content-Length: 8"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace relay
