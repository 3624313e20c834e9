#include "echo_application.h"

#include <chrono>
#include <string>
#include <utility>

#include "engine/engine_session.h"
#include "hub/member.h"
#include "hub/namespace_handler.h"
#include "net/timer_wheel.h"

namespace relay::echo {
namespace {

// Bare Engine.IO: what comes goes back.
class EngineEcho final : public SessionListener {
 public:
  explicit EngineEcho(EngineSession& session) : session_(session) {}

  void on_text(std::string_view message) override { session_.send_text("4" + std::string(message)); }
  void on_binary(std::string_view message) override { session_.send_binary(message); }
  void on_closed(CloseReason /*reason*/) override {}

 private:
  EngineSession& session_;
};

class EngineEchoAcceptor final : public SessionAcceptor {
 public:
  std::unique_ptr<SessionListener> accept(EngineSession& session, const HttpRequest& /*request*/) override {
    session.set_trusted();
    return std::make_unique<EngineEcho>(session);
  }
};

// A program that reads the answer to its CONNECT and the next event in one go may not have begun to listen
// for the second by then. So it gets a moment.
constexpr auto moment = std::chrono::milliseconds(5);

// What a client said when it connected, until it was told.
struct PendingAuth final : MemberData {
  PendingAuth(Member& connected, std::string_view json)
      : member(connected), auth_json(json.empty() ? "{}" : json) {}

  void tell() {
    if (!auth_json.empty()) member.emit("auth", std::exchange(auth_json, {}));
  }

  Member& member;
  std::string auth_json;
  MemberTimer<PendingAuth, &PendingAuth::tell> timer{*this};
};

// Tells every client what it said when it connected.
class AuthEcho : public NamespaceHandler {
 public:
  explicit AuthEcho(EventLoop& loop) : loop_(loop) {}

  ConnectDecision on_connect(Member& member, std::string_view auth_json,
                             const HandshakeData* /*handshake*/) override {
    return Admitted{.rooms = {}, .data = std::make_unique<PendingAuth>(member, auth_json)};
  }
  void on_connected(Member& member, ResumeOutcome /*outcome*/) override {
    loop_.timers().arm(static_cast<PendingAuth&>(*member.data()).timer, loop_.now(), moment);
  }
  // It comes before anything else, so an event that is quicker brings it along.
  void on_event(Member& member, const MemberEvent& /*event*/) override {
    static_cast<PendingAuth&>(*member.data()).tell();
  }
  void on_disconnected(Member& /*member*/, DisconnectReason /*reason*/,
                       std::optional<CloseReason> /*closed*/) override {}

 private:
  EventLoop& loop_;
};

class MessageEcho final : public AuthEcho {
 public:
  using AuthEcho::AuthEcho;

  void on_event(Member& member, const MemberEvent& event) override {
    AuthEcho::on_event(member, event);
    if (event.name_json == R"("message")") {
      member.emit("message-back", event.arguments_json, event.attachments);
    } else if (event.name_json == R"("message-with-ack")" && event.ack_id) {
      member.acknowledge(*event.ack_id, event.arguments_json, event.attachments);
    }
  }
};

class NotFound final : public HttpHandler {
 public:
  std::optional<std::size_t> on_head(HttpConnection& connection, const HttpRequest& /*request*/) override {
    connection.respond({.status = 404, .content_type = "text/plain", .body = "Not found\n"});
    return std::nullopt;
  }
  void on_request(HttpConnection& /*connection*/, const HttpRequest& /*request*/) override {}
  void on_body_too_large(HttpConnection& /*connection*/, const HttpRequest& /*request*/) override {}
  void on_malformed(HttpConnection& connection, unsigned status, std::string_view detail) override {
    connection.respond(
        {.status = status, .content_type = "text/plain", .body = std::string(detail) + "\n", .close = true});
  }
  void on_aborted(HttpConnection& /*connection*/, const HttpRequest& /*request*/) override {}
};

class EchoApplication final : public Application {
 public:
  EchoApplication(Worker& worker, const EchoOptions& options) : main_(worker.loop()), custom_(worker.loop()) {
    worker.hub().add_namespace("/", main_);
    worker.hub().add_namespace("/custom", custom_);
    EngineOptions engine = options.engine;
    engine.path = "/socket.io/";
    worker.mount(engine);
    engine.path = "/engine.io/";
    worker.mount(engine, &engine_);
  }

  HttpHandler* http_handler(std::string_view /*path*/) override { return nullptr; }
  HttpHandler& fallback_handler() override { return not_found_; }

 private:
  MessageEcho main_;
  AuthEcho custom_;
  EngineEchoAcceptor engine_;
  NotFound not_found_;
};

}  // namespace

std::unique_ptr<Application> make_echo_application(Worker& worker, const EchoOptions& options) {
  return std::make_unique<EchoApplication>(worker, options);
}

}  // namespace relay::echo
