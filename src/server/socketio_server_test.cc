#include "server/socketio_server.h"

#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <unistd.h>

namespace relay {
namespace {

// Admits everybody to the room "all".
class OpenNamespace final : public NamespaceHandler {
 public:
  ConnectDecision on_connect(Member&, std::string_view, const HandshakeData*) override {
    return Admitted{.rooms = {"all"}};
  }
  void on_connected(Member&, ResumeOutcome) override {}
  void on_event(Member&, const MemberEvent&) override {}
  void on_disconnected(Member&, DisconnectReason, std::optional<CloseReason>) override {}
};

// The same, and who names a socket and a position goes on as that socket from there: `"sid position"`.
class ResumingNamespace final : public NamespaceHandler {
 public:
  ConnectDecision on_connect(Member&, std::string_view auth_json, const HandshakeData*) override {
    Admitted admitted{.rooms = {"all"}};
    const std::size_t begin = auth_json.find("~");
    if (begin == std::string_view::npos) return admitted;
    admitted.resume = {.after = std::stoull(std::string(auth_json.substr(begin + socket_id_length + 1))),
                       .as = SocketId::parse(auth_json.substr(begin, socket_id_length))};
    return admitted;
  }
  std::string private_id(Member& member, ResumeOutcome outcome, Position position) override {
    return std::string(outcome == ResumeOutcome::failed ? "failed" : member.id()) + " " +
           std::to_string(position);
  }
  void on_connected(Member&, ResumeOutcome) override {}
  void on_event(Member&, const MemberEvent&) override {}
  void on_disconnected(Member&, DisconnectReason, std::optional<CloseReason>) override {}
};

class NoPages final : public HttpHandler {
 public:
  std::optional<std::size_t> on_head(HttpConnection& connection, const HttpRequest&) override {
    connection.respond({.status = 404, .content_type = {}, .body = {}});
    return std::nullopt;
  }
  void on_request(HttpConnection&, const HttpRequest&) override {}
  void on_body_too_large(HttpConnection&, const HttpRequest&) override {}
  void on_malformed(HttpConnection& connection, unsigned status, std::string_view) override {
    connection.respond({.status = status, .content_type = {}, .body = {}, .close = true});
  }
  void on_aborted(HttpConnection&, const HttpRequest&) override {}
};

template <typename Handler>
class TestApplication final : public Application {
 public:
  explicit TestApplication(Worker& worker) {
    worker.hub().add_namespace("/", namespace_);
    worker.mount({});
  }
  HttpHandler* http_handler(std::string_view) override { return nullptr; }
  HttpHandler& fallback_handler() override { return pages_; }

 private:
  Handler namespace_;
  NoPages pages_;
};
using OpenApplication = TestApplication<OpenNamespace>;
using ResumingApplication = TestApplication<ResumingNamespace>;

// One blocking request on a connection of its own; the whole answer.
std::string ask(std::uint16_t port, const std::string& method, const std::string& target,
                const std::string& body = {}) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  EXPECT_EQ(connect(descriptor, reinterpret_cast<sockaddr*>(&storage), sizeof address), 0);
  const std::string request =
      method + " " + target +
      " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  EXPECT_EQ(write(descriptor, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char chunk[4096];
  for (ssize_t got = 0; (got = read(descriptor, chunk, sizeof chunk)) > 0;) {
    answer.append(chunk, static_cast<std::size_t>(got));
  }
  close(descriptor);
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

// A polling client that is connected to the main namespace.
class PollingClient {
 public:
  explicit PollingClient(std::uint16_t port, const std::string& auth_json = {}) : port_(port) {
    const std::string open = ask(port_, "GET", "/socket.io/?EIO=4&transport=polling");
    const std::size_t begin = open.find("\"sid\":\"") + 7;
    target_ = "/socket.io/?EIO=4&transport=polling&sid=" + open.substr(begin, open.find('"', begin) - begin);
    EXPECT_EQ(ask(port_, "POST", target_, "40" + auth_json), "ok");
    answer_ = poll();
    EXPECT_TRUE(answer_.starts_with("40{\"sid\":")) << open;
  }
  std::string poll() const { return ask(port_, "GET", target_); }
  // The first poll: the answer to CONNECT, and what came with it.
  const std::string& answer() const { return answer_; }
  std::string pid() const {
    const std::size_t begin = answer_.find("\"pid\":\"") + 7;
    return answer_.substr(begin, answer_.find('"', begin) - begin);
  }

 private:
  std::string answer_;
  const std::uint16_t port_;
  std::string target_;
};

// Returns when it is in the log.
void publish(SocketIoServer& server, const std::string& packet) {
  const Position before = server.log().head();
  Worker& worker = *server.workers().back();
  worker.post(WorkerTask([&worker, packet] {
    worker.hub().publish(
        {.audience = {.rooms = {"all"}}, .packet = std::make_shared<EncodedPacket>(*encode_packet(packet))});
  }));
  while (server.log().head() == before) std::this_thread::yield();
}

ServerOptions options_for(unsigned workers) {
  ServerOptions options;
  options.host = "127.0.0.1";
  options.port = 0;
  options.workers_count = workers;
  options.timer_tick = std::chrono::milliseconds(1);
  return options;
}

class SocketIoServerTest : public ::testing::TestWithParam<unsigned> {
 protected:
  const SystemClock clock_;
};

TEST_P(SocketIoServerTest, AnEventReachesItsRoomOnEveryWorker) {
  SocketIoServer server(options_for(GetParam()), clock_);
  server.add_application([](Worker& worker) { return std::make_unique<OpenApplication>(worker); });
  ASSERT_TRUE(server.start().has_value());
  std::vector<std::unique_ptr<PollingClient>> clients;
  // Each request of a client is a connection of its own, which the kernel gives to any worker.
  for (int i = 0; i < 24; ++i) clients.push_back(std::make_unique<PollingClient>(server.port()));

  publish(server, R"(42["hello"])");

  for (const auto& client : clients) EXPECT_EQ(client->poll(), R"(42["hello"])");
}

TEST_P(SocketIoServerTest, ASocketGoesOnWhereItWasOnAnyWorker) {
  ServerOptions options = options_for(GetParam());
  SocketIoServer server(options, clock_);
  server.add_application([](Worker& worker) { return std::make_unique<ResumingApplication>(worker); });
  ASSERT_TRUE(server.start().has_value());
  for (int round = 0; round < 10; ++round) {
    // It is not told that it is gone: its connection is half open.
    const PollingClient before(server.port());
    publish(server, R"(42["one"])");
    publish(server, R"(42["two"])");

    const PollingClient after(server.port(), "{\"as\":\"" + before.pid() + "\"}");
    EXPECT_EQ(after.pid(), before.pid()) << "the same socket, at the same position";
    std::string got = after.answer();
    while (got.find("two") == std::string::npos) got += '\x1e' + after.poll();
    EXPECT_EQ(got, after.answer().substr(0, after.answer().find('}') + 1) +
                       "\x1e"
                       R"(42["one"])"
                       "\x1e"
                       R"(42["two"])");

    std::string last = before.poll();
    while (!last.ends_with('1')) last = before.poll();  // what was on its way, and then the end
    publish(server, R"(42["live"])");
    EXPECT_EQ(after.poll(), R"(42["live"])");
  }
}

TEST_P(SocketIoServerTest, ASocketThatCannotProveWhereItWasIsANewOne) {
  SocketIoServer server(options_for(GetParam()), clock_);
  server.add_application([](Worker& worker) { return std::make_unique<ResumingApplication>(worker); });
  ASSERT_TRUE(server.start().has_value());
  const std::string socket(SocketId::make(0).text());
  const PollingClient client(server.port(), "{\"as\":\"" + socket + " 1000000\"}");
  EXPECT_TRUE(client.pid().starts_with("failed ")) << client.pid();
  EXPECT_EQ(client.answer().find(socket), std::string::npos);
  publish(server, R"(42["live"])");
  EXPECT_EQ(client.poll(), R"(42["live"])");
}

TEST_P(SocketIoServerTest, StopsWithSessionsOpen) {
  SocketIoServer server(options_for(GetParam()), clock_);
  server.add_application([](Worker& worker) { return std::make_unique<OpenApplication>(worker); });
  ASSERT_TRUE(server.start().has_value());
  const PollingClient client(server.port());
  EXPECT_EQ(server.shared().sessions.load(), 1U);

  server.stop();

  EXPECT_EQ(server.shared().sessions.load(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Workers, SocketIoServerTest, ::testing::Values(1U, 2U, 8U));

TEST(SocketIoServer, APortThatIsTakenIsAnError) {
  const SystemClock clock;
  SocketIoServer first(options_for(1), clock);
  first.add_application([](Worker& worker) { return std::make_unique<OpenApplication>(worker); });
  ASSERT_TRUE(first.start().has_value());

  ServerOptions options = options_for(1);
  options.port = first.port();
  SocketIoServer second(options, clock);
  second.add_application([](Worker& worker) { return std::make_unique<OpenApplication>(worker); });
  const auto started = second.start();

  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().find("cannot listen on 127.0.0.1:"), std::string::npos);
}

}  // namespace
}  // namespace relay
