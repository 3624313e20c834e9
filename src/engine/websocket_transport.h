#pragma once
// An established WebSocket (RFC 6455) under an Engine.IO session, first perhaps as a probe: one message is
// one packet.
//
// Reads into the loop's buffer and decodes in place; writes the session's queue. After a close frame it
// lingers until the peer has ended its side, so that the peer reads the frame and not a reset.
//
// Threading: bound to one worker.
// Ownership: its own; ends through the loop. While it is attached the session holds a pointer to it, which it
// gives up when it is told that the transport closed.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "engine/close_reason.h"
#include "net/byte_stream.h"
#include "net/event_loop.h"
#include "net/write_queue.h"
#include "protocol/websocket_close.h"
#include "protocol/websocket_decoder.h"

namespace relay {

class EngineServer;
class EngineSession;

class WebsocketTransport final : public LoopObject {
 public:
  enum class WriteOutcome : unsigned char { all, some, failed };

  // `stream` is watched by the loop already, for another object, in whose place it comes.
  WebsocketTransport(EngineServer& server, ByteStream stream);
  ~WebsocketTransport() override;

  // From here on `session` gets what comes in, beginning with `bytes`. Takes ownership of itself.
  static void attach(std::unique_ptr<WebsocketTransport> transport, EngineSession& session,
                     std::string_view bytes);

  // Writes as much of `queue` as the kernel takes.
  [[nodiscard]] WriteOutcome write(WriteQueue& queue);
  // Writes a few bytes at once, on a socket that has nothing queued. False when the kernel does not take them
  // all.
  bool write_now(std::string_view bytes);

  // Sends a close frame and lingers. The session hears nothing more from this transport.
  void close(std::string_view close_frame);
  // Ends without a word.
  void abort();

  void on_io(std::uint32_t events) override;

 private:
  void read_available();
  void decode(std::span<char> input);
  void on_message(const websocket::Message& message);
  void fail(CloseReason reason, std::string_view close_frame);
  void account_unfinished();
  void on_linger_end();
  void end();

  EngineServer& server_;
  ByteStream stream_;
  EngineSession* session_ = nullptr;  // null once detached
  websocket::Decoder decoder_;
  std::size_t unfinished_counted_ = 0;
  std::size_t lingered_bytes_ = 0;
  std::unique_ptr<Timer> linger_;
  bool peer_ended_ = false;
  bool ended_ = false;
};

// Frames that are the same for everybody.
[[nodiscard]] std::string_view empty_close_frame() noexcept;
[[nodiscard]] std::string close_frame(websocket::CloseCode code);

}  // namespace relay
