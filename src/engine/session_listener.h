#pragma once
// What stands above an Engine.IO session.

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/close_reason.h"

namespace relay {

class EngineSession;
struct HttpRequest;

class SessionListener {
 public:
  virtual ~SessionListener() = default;
  // A message of the client, valid UTF-8. May close the session.
  virtual void on_text(std::string_view message) = 0;
  virtual void on_binary(std::string_view message) = 0;
  // The client has handled all that was sent before EngineSession::request_receipt() returned `receipt`, or a
  // lower number.
  virtual void on_receipt(std::uint32_t /*receipt*/) {}
  // See EngineSession::notify_below(). Must not close the session.
  virtual void on_queue_below() {}
  // Once, whatever happens. The session takes nothing more; the listener dies with it at the end of the turn.
  virtual void on_closed(CloseReason reason) = 0;
};

// Makes the listener of a new session.
class SessionAcceptor {
 public:
  virtual ~SessionAcceptor() = default;
  // `request` is the handshake; its views die with the call. The session outlives the listener.
  [[nodiscard]] virtual std::unique_ptr<SessionListener> accept(EngineSession& session,
                                                                const HttpRequest& request) = 0;
};

}  // namespace relay
