#include "engine/websocket_transport.h"

#include <array>
#include <utility>

#include <sys/epoll.h>

#include "engine/engine_server.h"
#include "engine/engine_session.h"
#include "protocol/websocket_frame.h"

namespace relay {
namespace {

using websocket::CloseCode;
using websocket::Message;
using websocket::Opcode;

constexpr auto linger_time_max = std::chrono::milliseconds(2'000);
constexpr std::size_t linger_bytes_max = 8 * 1024 * 1024;
constexpr std::size_t read_bytes_per_turn_max = 512 * 1024;
// Up to here frames are copied together: the kernel walks one part faster than many.
constexpr std::size_t copy_bytes_max = 32 * 1024;
constexpr std::size_t parts_per_write_max = 64;

std::string frame(Opcode opcode, std::string_view payload) {
  std::array<char, websocket::header_bytes_max> header{};
  const std::size_t size = websocket::write_header(header.data(), opcode, payload.size());
  std::string bytes(header.data(), size);
  bytes += payload;
  return bytes;
}

}  // namespace

std::string_view empty_close_frame() noexcept {
  using namespace std::string_view_literals;
  return "\x88\x00"sv;
}

std::string close_frame(CloseCode code) {
  return frame(Opcode::close, websocket::close_payload(code, {}));
}

WebsocketTransport::WebsocketTransport(EngineServer& server, ByteStream stream)
    : server_(server), stream_(std::move(stream)), decoder_(server.options().message_bytes_max) {
  server_.loop().hand_to(stream_.descriptor(), *this);
}

WebsocketTransport::~WebsocketTransport() = default;

void WebsocketTransport::attach(std::unique_ptr<WebsocketTransport> owned, EngineSession& session,
                                std::string_view bytes) {
  WebsocketTransport& transport = *owned.release();
  transport.session_ = &session;
  transport.decoder_.set_message_bytes_max(session.message_bytes_max());
  // Decoding unmasks in place, and what came behind the handshake is not ours to write to.
  std::string copy(bytes);
  if (!copy.empty()) transport.decode(copy);
}

void WebsocketTransport::on_io(std::uint32_t events) {
  if (ended_) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return fail(CloseReason::transport_close, {});
  if ((events & EPOLLOUT) != 0 && session_ != nullptr) session_->flush();
  if (ended_ || (events & (EPOLLIN | EPOLLRDHUP)) == 0) return;
  peer_ended_ = peer_ended_ || (events & EPOLLRDHUP) != 0;
  read_available();
}

void WebsocketTransport::read_available() {
  const std::span<char> buffer = server_.loop().read_buffer();
  for (std::size_t total = 0;;) {
    const auto got = stream_.read(buffer);
    if (!got) {
      if (got.error() != StreamError::would_block) fail(CloseReason::transport_close, {});
      return;
    }
    total += *got;
    if (session_ != nullptr) {
      decode(buffer.first(*got));
    } else {
      lingered_bytes_ += *got;
      if (lingered_bytes_ > linger_bytes_max) return end();
    }
    if (ended_) return;
    // A short read has emptied the socket; what comes later is announced again, but for an end that was
    // already.
    if (*got < buffer.size() && !peer_ended_) return;
    if (total > read_bytes_per_turn_max) return server_.loop().continue_later(*this);
  }
}

void WebsocketTransport::decode(std::span<char> input) {
  while (session_ != nullptr) {
    const auto message = decoder_.next(input);
    if (!message) return fail(CloseReason::transport_error, close_frame(message.error()));
    if (!*message) break;
    on_message(**message);
  }
  if (session_ != nullptr) account_unfinished();
}

void WebsocketTransport::on_message(const Message& message) {
  switch (message.kind) {
    case Message::Kind::text:
      session_->on_transport_text(*this, message.payload);
      break;
    case Message::Kind::binary:
      session_->on_transport_binary(*this, message.payload);
      break;
    case Message::Kind::ping:
      session_->on_transport_ping(*this, message.payload);
      break;
    case Message::Kind::pong:
      break;
    case Message::Kind::close: {
      const auto payload = websocket::parse_close_payload(message.payload);
      if (!payload) return fail(CloseReason::transport_error, close_frame(payload.error()));
      return fail(CloseReason::transport_close, frame(Opcode::close, message.payload));
    }
  }
}

// Messages that are not finished are memory that a stranger fills: what they all hold together is bounded.
void WebsocketTransport::account_unfinished() {
  decoder_.set_message_bytes_max(session_->message_bytes_max());
  const std::size_t now = session_->is_trusted() ? 0 : decoder_.buffered_bytes();
  if (!server_.count_unfinished(unfinished_counted_, now)) {
    unfinished_counted_ = 0;
    fail(CloseReason::transport_error, close_frame(CloseCode::policy));
    return;
  }
  unfinished_counted_ = now;
}

WebsocketTransport::WriteOutcome WebsocketTransport::write(WriteQueue& queue) {
  std::array<char, copy_bytes_max> copy;
  while (!queue.empty()) {
    std::expected<std::size_t, StreamError> sent = 0;
    if (const std::size_t copied = queue.copy_front(copy); copied > 0) {
      sent = stream_.write(std::span<const char>(copy).first(copied));
    } else {
      std::array<iovec, parts_per_write_max> parts{};
      const std::size_t filled = queue.gather(parts);
      sent = stream_.write(std::span<const iovec>(parts).first(filled));
    }
    server_.probe().write_calls.add();
    if (!sent) {
      return sent.error() == StreamError::would_block ? WriteOutcome::some : WriteOutcome::failed;
    }
    server_.probe().delivered_bytes.add(*sent);
    queue.consume(*sent);
  }
  return WriteOutcome::all;
}

bool WebsocketTransport::write_now(std::string_view bytes) {
  const auto sent = stream_.write(std::span<const char>(bytes));
  return sent.has_value() && *sent == bytes.size();
}

void WebsocketTransport::close(std::string_view bytes) {
  session_ = nullptr;
  server_.count_unfinished(std::exchange(unfinished_counted_, 0), 0);
  if (ended_) return;
  if (!write_now(bytes)) return end();
  stream_.shut_down_write();
  linger_ = std::make_unique<MemberTimer<WebsocketTransport, &WebsocketTransport::on_linger_end>>(*this);
  server_.loop().timers().arm(*linger_, server_.loop().now(), linger_time_max);
  server_.add_lingering(*this);
}

void WebsocketTransport::abort() {
  session_ = nullptr;
  end();
}

void WebsocketTransport::fail(CloseReason reason, std::string_view farewell) {
  // What answers earlier messages goes before the close frame.
  if (session_ != nullptr && !farewell.empty()) session_->write_pending(*this);
  EngineSession* const session = std::exchange(session_, nullptr);
  if (farewell.empty()) {
    end();
  } else {
    close(farewell);
  }
  if (session != nullptr) session->on_transport_closed(*this, reason);
}

void WebsocketTransport::on_linger_end() {
  end();
}

void WebsocketTransport::end() {
  if (ended_) return;
  ended_ = true;
  server_.count_unfinished(std::exchange(unfinished_counted_, 0), 0);
  server_.remove_lingering(*this);
  server_.loop().remove(stream_.descriptor());
  server_.loop().destroy_later(std::unique_ptr<LoopObject>(this));
}

}  // namespace relay
