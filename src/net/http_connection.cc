#include "net/http_connection.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <sys/epoll.h>

#include "base/time_text.h"
#include "net/http_head_parser.h"

namespace relay {
namespace {

constexpr auto linger_time_max = std::chrono::milliseconds(2'000);
constexpr std::size_t linger_bytes_max = 8 * 1024 * 1024;
// A connection that sends without a pause lets the others have their turn after this much.
constexpr std::size_t read_bytes_per_turn_max = 512 * 1024;
// An answer this large that the peer does not read holds the next request back.
constexpr std::size_t output_bytes_high = 256 * 1024;

// A method is a token (RFC 9110 §9.1). TLS on a plain port, for one, need not wait for its time-out.
bool may_begin_request(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The value of a Date header (RFC 9110 §5.6.7), made once a second.
std::string_view http_date(WallTime now) {
  struct Cached {
    std::time_t second = 0;
    std::array<char, 32> text{};
    std::size_t size = 0;
  };
  thread_local Cached cached;
  const std::time_t second = std::chrono::system_clock::to_time_t(now);
  if (second != cached.second) {
    std::tm parts{};
    gmtime_r(&second, &parts);
    cached.size = std::strftime(cached.text.data(), cached.text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    cached.second = second;
  }
  return {cached.text.data(), cached.size};
}

void append_response(std::string& out, const HttpResponse& response, unsigned status, bool head_only,
                     bool close, std::string_view date) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\nDate: ";
  out += date;
  out += "\r\n";
  if (!response.content_type.empty()) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\n";
  }
  out += response.headers;
  if (status != 304) {
    out += "Content-Length: ";
    out += std::to_string(response.body.size());
    out += "\r\n";
  }
  out += close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";
  if (!head_only) out += response.body;
}

}  // namespace

HttpConnection::HttpConnection(HttpConnections& owner, ByteStream stream, const IpAddress& peer)
    : owner_(owner), stream_(std::move(stream)), peer_(peer), handle_(owner.table_.insert(*this)) {
  owner_.probe_.connections_open.add(1);
}

HttpConnection::~HttpConnection() {
  owner_.table_.erase(handle_);
  owner_.probe_.connections_open.add(-1);
}

void HttpConnection::start() {
  arm(owner_.options_.request_timeout);
}

void HttpConnection::arm(std::chrono::milliseconds delay) {
  owner_.loop_.timers().arm(deadline_, owner_.loop_.now(), delay);
}

void HttpConnection::on_io(std::uint32_t events) {
  if (state_ == State::gone) return;
  if ((events & EPOLLOUT) != 0 && !output_.empty()) flush();
  if (state_ == State::gone) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return on_end_of_input(true);
  if ((events & (EPOLLIN | EPOLLRDHUP)) == 0) return;
  end_announced_ = end_announced_ || (events & EPOLLRDHUP) != 0;
  if (state_ == State::awaiting_answer || output_.size() - output_sent_ > output_bytes_high) {
    input_waits_ = true;
  } else {
    read_available();
  }
  // The peer may have left right behind its request: nothing will announce that again. Where nobody listens
  // for it, what it sent before is answered first, and the end is met where it is read.
  if (end_announced_ && listener_ != nullptr && state_ == State::awaiting_answer) on_end_of_input(false);
}

void HttpConnection::read_available() {
  input_waits_ = false;
  // What was pipelined behind the request that has just been answered comes first.
  if (!input_.empty() && state_ == State::reading_head) process({});
  const std::span<char> buffer = owner_.loop_.read_buffer();
  for (std::size_t total = 0;;) {
    if (state_ == State::awaiting_answer) {
      input_waits_ = true;
      return;
    }
    const auto got = stream_.read(buffer);
    if (!got) {
      if (got.error() != StreamError::would_block) on_end_of_input(got.error() == StreamError::failed);
      return;
    }
    total += *got;
    if (state_ == State::lingering) {
      lingered_bytes_ += *got;
      if (lingered_bytes_ > linger_bytes_max) return end();
    } else {
      process({buffer.data(), *got});
    }
    if (state_ == State::gone) return;
    // A short read has emptied the socket; what comes later is announced again, but for an end that was
    // already.
    if (*got < buffer.size() && !end_announced_) return;
    if (total > read_bytes_per_turn_max) return owner_.loop_.continue_later(*this);
  }
}

void HttpConnection::on_end_of_input(bool failed) {
  peer_ended_ = true;
  switch (state_) {
    case State::gone:
      return;
    case State::reading_head:
    case State::lingering:
      break;
    case State::reading_body:
      owner_.handler_.on_aborted(*this, pending_->request);
      break;
    case State::awaiting_answer:
      if (PeerListener* const listener = std::exchange(listener_, nullptr)) {
        listener->on_peer_gone(*this);
      } else if (!failed) {
        return;  // it may still read its answer
      }
      break;
  }
  // An answer that is still on its way out goes first.
  if (!failed && !output_.empty()) {
    close_after_output_ = true;
    return;
  }
  end();
}

void HttpConnection::process(std::string_view input) {
  std::string joined;
  if (!input_.empty()) {
    joined = std::exchange(input_, {});
    joined += input;
    input = joined;
  }
  bool progress = true;
  while (progress && !input.empty()) {
    switch (state_) {
      case State::reading_head:
        progress = process_head(input);
        break;
      case State::reading_body:
        progress = process_body(input);
        break;
      case State::awaiting_answer:
        progress = false;
        break;
      case State::lingering:
      case State::gone:
        return;
    }
  }
  if (state_ != State::gone && state_ != State::lingering) input_.assign(input);
}

bool HttpConnection::process_head(std::string_view& input) {
  while (input.starts_with("\r\n")) input.remove_prefix(2);  // RFC 9112 §2.2
  if (input.empty()) return false;
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (input.size() > http_head_bytes_max) {
      refuse(431, "the head is larger than 16 KiB");
    } else if (!may_begin_request(input.front())) {
      refuse(400, "no HTTP request begins like this");
    } else if (!head_begun_) {
      head_begun_ = true;
      arm(owner_.options_.request_timeout);
    }
    return false;
  }
  const std::string_view head = input.substr(0, end + 4);
  HttpRequest& request = owner_.scratch_;
  if (const auto parsed = parse_http_head(head, request); !parsed) {
    refuse(parsed.error().status, parsed.error().detail);
    return false;
  }
  // Who wanted another protocol and did not get it has no use for this one.
  keep_alive_ = request.keep_alive && !request.header("Upgrade");
  head_only_ = request.method == "HEAD";
  raw_request_ = input;
  behind_head_ = input.substr(head.size());
  state_ = State::awaiting_answer;  // the handler may answer at once
  before_body_ = request.has_body();
  const auto body_bytes_max = owner_.handler_.on_head(*this, request);
  raw_request_ = {};
  behind_head_ = {};
  before_body_ = false;
  if (state_ == State::gone || state_ == State::lingering) return false;
  input.remove_prefix(head.size());
  if (!body_bytes_max) return state_ == State::reading_head;
  if (request.content_length.value_or(0) > *body_bytes_max) {
    owner_.handler_.on_body_too_large(*this, request);
    return false;
  }
  if (request.chunked || request.content_length.value_or(0) > input.size()) {
    begin_body(head, input, request, *body_bytes_max);
    return state_ == State::reading_body;
  }
  const auto body_size = static_cast<std::size_t>(request.content_length.value_or(0));
  request.body = input.substr(0, body_size);
  input.remove_prefix(body_size);
  dispatch(request);
  return state_ == State::reading_head;
}

void HttpConnection::begin_body(std::string_view head, std::string_view& input, HttpRequest& request,
                                std::size_t body_bytes_max) {
  pending_ = std::make_unique<PendingRequest>();
  pending_->head = head;
  pending_->body_bytes_max = body_bytes_max;
  // The views must point into memory that outlives this turn; the same bytes parse the same way again.
  [[maybe_unused]] const auto parsed = parse_http_head(pending_->head, pending_->request);
  if (request.chunked) pending_->chunks.emplace(body_bytes_max);
  state_ = State::reading_body;
  if (request.expects_continue && input.empty()) {
    output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    owner_.loop_.mark_dirty(*this);
  }
  arm(owner_.options_.request_timeout);
}

bool HttpConnection::process_body(std::string_view& input) {
  PendingRequest& pending = *pending_;
  bool complete = false;
  if (pending.chunks) {
    const auto fed = pending.chunks->feed(input, pending.body);
    if (fed && !*fed && !pending.limit_is_final && !pending.body.empty() && !refine_limit(pending.body))
      return false;
    if (!fed && fed.error() == ChunkedError::too_large) {
      state_ = State::awaiting_answer;
      owner_.handler_.on_body_too_large(*this, pending.request);
      return false;
    }
    if (!fed) {
      owner_.handler_.on_aborted(*this, pending.request);
      refuse(400, "the chunked body is malformed");
      return false;
    }
    complete = *fed;
  } else {
    if (!pending.limit_is_final && !refine_limit(input)) return false;
    const auto wanted = static_cast<std::size_t>(*pending.request.content_length) - pending.body.size();
    pending.body.append(input.substr(0, wanted));
    input.remove_prefix(std::min(wanted, input.size()));
    complete = pending.body.size() == *pending.request.content_length;
  }
  if (!complete) return false;
  const std::unique_ptr<PendingRequest> done = std::move(pending_);
  done->request.body = done->body;
  state_ = State::awaiting_answer;
  dispatch(done->request);
  return state_ == State::reading_head;
}

bool HttpConnection::refine_limit(std::string_view first_bytes) {
  PendingRequest& pending = *pending_;
  pending.limit_is_final = true;
  const std::size_t limit =
      owner_.handler_.body_bytes_max(pending.request, first_bytes, pending.body_bytes_max);
  pending.body_bytes_max = limit;
  if (pending.chunks) pending.chunks->lower_limit(limit);
  if (pending.request.content_length.value_or(0) <= limit && pending.body.size() <= limit) return true;
  state_ = State::awaiting_answer;
  owner_.handler_.on_body_too_large(*this, pending.request);
  return false;
}

void HttpConnection::dispatch(const HttpRequest& request) {
  deadline_.disarm();
  owner_.handler_.on_request(*this, request);
}

void HttpConnection::refuse(unsigned status, std::string_view detail) {
  owner_.probe_.requests_malformed.add();
  state_ = State::awaiting_answer;
  keep_alive_ = false;
  head_only_ = false;
  owner_.handler_.on_malformed(*this, status, detail);
}

void HttpConnection::respond(const HttpResponse& response) {
  if (state_ != State::awaiting_answer && state_ != State::reading_body) return;
  listener_ = nullptr;
  pending_.reset();
  // Answered without its body, a request leaves bytes behind among which the next one would be looked for.
  const bool close = response.close || !keep_alive_ || peer_ended_ || before_body_;
  append_response(output_, response, response.status, head_only_, close,
                  http_date(owner_.loop_.clock().wall()));
  owner_.loop_.mark_dirty(*this);
  if (close) {
    begin_lingering();
    return;
  }
  state_ = State::reading_head;
  head_begun_ = false;
  arm(owner_.options_.keep_alive);
  // The next request may be here already, in our buffer or in the kernel's.
  if (input_waits_ || !input_.empty()) owner_.loop_.continue_later(*this);
}

void HttpConnection::begin_lingering() {
  state_ = State::lingering;
  input_.clear();
  pending_.reset();
  listener_ = nullptr;
  close_after_output_ = true;
  arm(linger_time_max);
  owner_.loop_.mark_dirty(*this);
}

void HttpConnection::flush() {
  if (state_ == State::gone) return;
  while (output_sent_ < output_.size()) {
    const auto sent = stream_.write(std::span<const char>(output_).subspan(output_sent_));
    if (!sent) {
      if (sent.error() != StreamError::would_block) end();
      return;
    }
    output_sent_ += *sent;
  }
  output_.clear();
  output_sent_ = 0;
  if (output_.capacity() > 4096) output_.shrink_to_fit();
  if (close_after_output_) {
    if (peer_ended_) return end();
    stream_.shut_down_write();
    close_after_output_ = false;
  }
}

void HttpConnection::on_deadline() {
  switch (state_) {
    case State::reading_body:
      owner_.probe_.requests_timed_out.add();
      owner_.handler_.on_aborted(*this, pending_->request);
      refuse(408, "the request's body did not arrive in time");
      return;
    case State::reading_head:
      if (input_.empty()) return end();
      owner_.probe_.requests_timed_out.add();
      refuse(408, "the request's head did not arrive in time");
      return;
    case State::awaiting_answer:
      return;
    case State::lingering:
    case State::gone:
      end();
  }
}

ReleasedConnection HttpConnection::release_from_loop() {
  owner_.loop_.remove(stream_.descriptor());
  ReleasedConnection released{ByteStream(stream_.release()), peer_, std::string(raw_request_)};
  end();
  return released;
}

ReleasedConnection HttpConnection::take_over() {
  ReleasedConnection taken{ByteStream(stream_.release()), peer_, std::string(behind_head_)};
  end();
  return taken;
}

void HttpConnection::abort() {
  end();
}

void HttpConnection::end() {
  if (state_ == State::gone) return;
  state_ = State::gone;
  deadline_.disarm();
  listener_ = nullptr;
  if (stream_.descriptor() >= 0) owner_.loop_.remove(stream_.descriptor());
  owner_.table_.erase(handle_);
  owner_.loop_.destroy_later(std::unique_ptr<LoopObject>(this));
}

HttpConnections::~HttpConnections() {
  abort_all();
  loop_.destroy_closed();  // what was aborted still refers to us
}

void HttpConnections::abort_all() {
  table_.for_each([](HttpConnection& connection) { connection.abort(); });
}

void HttpConnections::adopt(ReleasedConnection released) {
  const std::string bytes = std::move(released.bytes);
  // The connection owns itself from here: end() gives it to the loop's graveyard.
  auto* const connection = new HttpConnection(*this, std::move(released.stream), released.peer);
  connection->start();
  if (!loop_.add(connection->stream_.descriptor(), *connection)) {
    connection->end();
    return;
  }
  if (!bytes.empty()) connection->process(bytes);
}

}  // namespace relay
