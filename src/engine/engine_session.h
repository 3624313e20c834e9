#pragma once
// An Engine.IO session: what a client keeps while the transport beneath it changes. It opens with a
// handshake, may start on long-polling and move to WebSocket once, and closes for exactly one CloseReason.
//
//     open (polling) --- upgrade ---> open (websocket)
//          |                               |
//          '----------- close(reason) -----'---> closed: the listener was told, once
//
// A polling session that the server closes stays findable for a while, so that the next poll can be told.
//
// Threading: bound to one worker. From elsewhere use the SessionId.
// Lifetime: owned by its EngineServer, which lets closed sessions end with the turn. So close() may be called
// from any callback, and `this` is good until that callback returns.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/slot_map.h"
#include "engine/close_reason.h"
#include "engine/session_id.h"
#include "engine/session_listener.h"
#include "net/event_loop.h"
#include "net/http_handler.h"
#include "net/ip_address.h"
#include "net/write_queue.h"

namespace relay {

class EngineServer;
class WebsocketTransport;

class EngineSession final : public LoopObject, private PeerListener {
 public:
  // Queued above this in one turn, frames leave at once: a healthy client may get megabytes in a turn.
  static constexpr std::size_t early_flush_bytes = 256 * 1024;
  static constexpr std::size_t paced_bytes_max = 4 * 1024 * 1024;

  EngineSession(EngineServer& server, const SessionId& id, const IpAddress& client);
  ~EngineSession() override;

  [[nodiscard]] std::string_view id() const noexcept { return id_.text(); }
  [[nodiscard]] const IpAddress& client() const noexcept { return client_; }
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  [[nodiscard]] std::string_view transport_name() const noexcept;

  // Queues a packet; it leaves with the turn's flush, and its bytes are not copied. Nothing happens once
  // closed.
  void send(Frame frame);
  // The same for a packet that is meant for this client alone: an Engine.IO text packet, or the bytes of a
  // binary message.
  void send_text(std::string_view packet);
  void send_binary(std::string_view message);

  // Whether a packet sent now would leave with this turn: nothing is piled up, and a polling client is
  // waiting.
  [[nodiscard]] bool writable() const noexcept;

  // Asks the client to confirm all that was sent so far: a ping goes out behind it, or behind the answer to
  // the ping that is under way, so that at most one is unanswered. Returns the number by which
  // SessionListener::on_receipt() knows it. A client answers a ping after it has handled what came before.
  [[nodiscard]] std::uint32_t request_receipt();

  // Unsent bytes, as they are at the moment.
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return out_.bytes(); }
  // Once, when a flush leaves fewer unsent bytes than that: SessionListener::on_queue_below().
  void notify_below(std::size_t bytes) noexcept { notify_below_ = bytes; }
  // Whoever sends takes care that the queue stays short, so that what is in it is no sign of a slow consumer;
  // up to paced_bytes_max, should others send as well.
  void set_paced(bool paced) noexcept { paced_ = paced; }

  // The client may now send messages of full size.
  void set_trusted() noexcept;

  // Ends the session: what is queued is written first if the kernel takes it at once.
  void close(CloseReason reason);

  // ---- for the engine

  // Starts the heartbeat; the session polls until it is told otherwise.
  void open(std::unique_ptr<SessionListener> listener);
  // The handshake itself came on a WebSocket.
  void begin_on_websocket(std::unique_ptr<WebsocketTransport> transport, std::string_view bytes);

  // A GET of this session has come: answered at once, parked, or refused.
  void on_poll(HttpConnection& connection, const HttpRequest& request);
  // A POST's head has come: false when it was refused (and the session closed).
  [[nodiscard]] bool on_post_head(HttpConnection& connection, const HttpRequest& request);
  void on_post_body(HttpConnection& connection, const HttpRequest& request);
  void on_post_refused() noexcept { post_ = no_handle; }
  void on_post_aborted();

  // A WebSocket with this sid has shaken hands. Takes it as a probe, or closes it.
  void on_websocket(std::unique_ptr<WebsocketTransport> transport, std::string_view bytes);

  // From a transport.
  void on_transport_text(WebsocketTransport& transport, std::string_view packet);
  void on_transport_binary(WebsocketTransport& transport, std::string_view message);
  void on_transport_ping(WebsocketTransport& transport, std::string_view payload);
  void on_transport_closed(WebsocketTransport& transport, CloseReason reason);
  // Writes what is queued, if this is the session's transport, without judging the outcome.
  void write_pending(WebsocketTransport& transport);
  [[nodiscard]] std::size_t message_bytes_max() const noexcept;
  [[nodiscard]] bool is_trusted() const noexcept { return trusted_; }

  void flush() override;

 private:
  friend class EngineServer;
  struct Upgrade;
  struct ParkedPoll {
    HttpConnection& connection;
    std::string headers;  // CORS lines
  };

  void on_peer_gone(HttpConnection& connection) override;
  void on_packet(std::string_view packet);
  void on_pong();
  void send_ping();
  void on_timer();
  void complete_upgrade();
  void abandon_upgrade();
  void flush_poll();
  void flush_websocket();
  [[nodiscard]] bool lingers_after(CloseReason reason) const noexcept;
  void arm(std::chrono::milliseconds delay);
  void account_backlog();
  void answer_poll(std::string_view packets);
  void finish();

  EngineServer& server_;
  const SessionId id_;
  const IpAddress client_;
  std::unique_ptr<SessionListener> listener_;
  WriteQueue out_;
  WebsocketTransport* websocket_ = nullptr;  // null: polling. The loop owns it.
  std::unique_ptr<Upgrade> upgrade_;         // a probing WebSocket and its timers
  std::unique_ptr<ParkedPoll> parked_;       // the GET that waits
  Handle post_ = no_handle;                  // the POST whose body is coming
  std::size_t counted_backlog_ = 0;          // what the gauges know of our queue
  std::size_t early_flush_at_ = early_flush_bytes;
  std::size_t notify_below_ = 0;  // 0: nobody is to be told
  MemberTimer<EngineSession, &EngineSession::on_timer> timer_{
      *this};  // the heartbeat: its ping, its pong; or the end of a farewell
  std::uint32_t pings_sent_ = 0;
  std::uint32_t pongs_ = 0;           // each pong answers the oldest ping without one, or a later ping
  std::uint32_t receipt_wanted_ = 0;  // the highest that was asked for: that many pongs
  bool open_ = true;
  bool ping_under_way_ = false;   // no pong since the last ping
  bool heartbeat_waits_ = false;  // the timer runs until the pong must be there
  bool trusted_ = false;
  bool paced_ = false;
  bool write_failed_ = false;
  bool finished_ = false;
};

}  // namespace relay
