#pragma once
// One HTTP/1.x connection: reads requests, one at a time, and writes the answers.
//
//        .------------------ respond(), keep-alive ------------------.
//        v                                                           |
//   reading_head ---> reading_body ---> awaiting_answer ---> (the next request)
//        |                 |                   |
//        '--- bad bytes, time-outs, close -----+---> lingering ---> gone
//
// A request that has arrived whole is handed to the handler as views into the loop's read buffer, without a
// copy. An idle connection owns no buffer. While an answer is owed nothing more is read: a peer that
// pipelines waits in the kernel. After a farewell the connection lingers, reading and dropping, so that the
// peer can read the answer before the reset that unread bytes would cause.
//
// Threading: bound to one worker.
// Ownership: owned by its worker's HttpConnections; ends itself through it.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/slot_map.h"
#include "net/byte_stream.h"
#include "net/chunked_decoder.h"
#include "net/event_loop.h"
#include "net/http_handler.h"
#include "net/http_message.h"
#include "net/ip_address.h"
#include "net/net_probe.h"

namespace relay {

class HttpConnections;

struct HttpOptions {
  std::chrono::milliseconds request_timeout{15'000};  // for a whole head, and for a whole body
  std::chrono::milliseconds keep_alive{75'000};       // idle between requests
};

// A connection taken off its loop, to go on elsewhere: with what was read and not used.
struct ReleasedConnection {
  ByteStream stream;
  IpAddress peer;
  std::string bytes;
};

class HttpConnection final : public LoopObject {
 public:
  HttpConnection(HttpConnections& owner, ByteStream stream, const IpAddress& peer);
  ~HttpConnection() override;

  // Names this connection in asynchronous answers; finds nothing once the connection is gone.
  [[nodiscard]] Handle handle() const noexcept { return handle_; }
  [[nodiscard]] const IpAddress& peer() const noexcept { return peer_; }
  // Whether an answer is owed.
  [[nodiscard]] bool awaits_answer() const noexcept { return state_ == State::awaiting_answer; }

  // Answers the request in hand. The bytes leave with the turn's flush.
  void respond(const HttpResponse& response);

  // Who is told when the peer leaves before the answer. Null: nobody; then a peer that has only ended its own
  // side still gets the answer.
  void set_peer_listener(PeerListener* listener) noexcept { listener_ = listener; }

  // Only from on_head(): takes the connection apart. The first gives it to another worker, where the whole
  // request is read again. The second gives it to another protocol of this worker: the loop still watches it,
  // `bytes` are those behind the head.
  [[nodiscard]] ReleasedConnection release_from_loop();
  [[nodiscard]] ReleasedConnection take_over();

  // Closes without another word.
  void abort();

  void on_io(std::uint32_t events) override;
  void flush() override;

 private:
  friend class HttpConnections;
  enum class State : std::uint8_t { reading_head, reading_body, awaiting_answer, lingering, gone };

  // A request whose body is still coming: owns what the views of `request` point into.
  struct PendingRequest {
    std::string head;
    HttpRequest request;
    std::string body;
    std::size_t body_bytes_max;
    std::optional<ChunkedDecoder> chunks;
    bool limit_is_final = false;
  };

  void start();
  void read_available();
  void on_end_of_input(bool failed);
  // Handles what it can of `input`, which may be the loop's buffer, and keeps the rest.
  void process(std::string_view input);
  // False when more bytes are needed.
  [[nodiscard]] bool process_head(std::string_view& input);
  [[nodiscard]] bool process_body(std::string_view& input);
  // Asks the handler once more when the first bytes of a body are there. False when the body is too large.
  [[nodiscard]] bool refine_limit(std::string_view first_bytes);
  void begin_body(std::string_view head, std::string_view& input, HttpRequest& request,
                  std::size_t body_bytes_max);
  void dispatch(const HttpRequest& request);
  void refuse(unsigned status, std::string_view detail);
  void on_deadline();
  void arm(std::chrono::milliseconds delay);
  void begin_lingering();
  void end();

  HttpConnections& owner_;
  ByteStream stream_;
  IpAddress peer_;
  Handle handle_;
  PeerListener* listener_ = nullptr;
  std::string input_;   // an unfinished head, or what was pipelined behind the request in hand
  std::string output_;  // answers that the kernel did not take yet
  std::size_t output_sent_ = 0;
  std::unique_ptr<PendingRequest> pending_;
  std::string_view
      raw_request_;  // only during on_head(): the request from its first byte, and all that follows
  std::string_view behind_head_;  // only during on_head()
  MemberTimer<HttpConnection, &HttpConnection::on_deadline> deadline_{*this};
  std::size_t lingered_bytes_ = 0;
  State state_ = State::reading_head;
  bool head_begun_ = true;    // its deadline runs; for the first one since the accept
  bool keep_alive_ = true;    // of the request in hand
  bool head_only_ = false;    // the request in hand is a HEAD
  bool input_waits_ = false;  // readiness was announced while nothing was read
  bool before_body_ = false;  // only during on_head(): the request has a body that was not read
  bool end_announced_ =
      false;  // the loop has said that the peer ended its side; what came before may be unread yet
  bool peer_ended_ = false;  // its side, and all was read; it may still read itself
  bool close_after_output_ = false;
};

// The HTTP connections of one worker: makes them, finds them by handle, and buries them.
class HttpConnections {
 public:
  // All must outlive it.
  HttpConnections(EventLoop& loop, HttpHandler& handler, const HttpOptions& options, NetProbe& probe)
      : loop_(loop), handler_(handler), options_(options), probe_(probe) {}
  ~HttpConnections();
  HttpConnections(const HttpConnections&) = delete;
  HttpConnections& operator=(const HttpConnections&) = delete;

  void adopt(ReleasedConnection connection);
  // Closes all of them without another word.
  void abort_all();
  [[nodiscard]] HttpConnection* find(Handle handle) const noexcept { return table_.find(handle); }
  [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
  [[nodiscard]] EventLoop& loop() noexcept { return loop_; }

 private:
  friend class HttpConnection;

  EventLoop& loop_;
  HttpHandler& handler_;
  const HttpOptions options_;
  NetProbe& probe_;
  SlotMap<HttpConnection> table_;
  HttpRequest scratch_;  // the request that is read at the moment
};

}  // namespace relay
