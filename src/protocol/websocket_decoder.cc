#include "protocol/websocket_decoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "base/utf8.h"
#include "protocol/websocket_frame.h"

namespace relay::websocket {
namespace {

constexpr std::size_t client_header_bytes_max = 14;
constexpr std::size_t mask_bytes = 4;

struct Header {
  Opcode opcode = Opcode::continuation;
  bool fin = false;
  std::uint64_t payload_bytes = 0;
  std::uint32_t mask = 0;  // in the order in which it lies in memory

  [[nodiscard]] bool is_control() const noexcept { return static_cast<unsigned>(opcode) >= 8; }
};

struct ParsedHeader {
  Header header;
  std::size_t bytes = 0;  // 0: more are needed
};

// What the frames before this one allow it to be.
struct Context {
  std::size_t message_bytes_max;
  std::size_t message_bytes = 0;  // of the fragments so far
  bool in_message = false;
};

bool is_known(unsigned opcode) noexcept {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

std::uint64_t read_big_endian(std::span<const char> bytes) noexcept {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

// Refuses what its first two bytes prove wrong; the length is checked by check_length().
std::expected<Header, CloseCode> parse_first_bytes(unsigned first, unsigned second, const Context& context) {
  constexpr auto refused = std::unexpected(CloseCode::protocol_error);
  Header header;
  header.fin = (first & 0x80U) != 0;
  const bool reserved_bits = (first & 0x70U) != 0;
  const bool masked = (second & 0x80U) != 0;
  if (reserved_bits || !masked || !is_known(first & 0x0FU)) return refused;
  header.opcode = static_cast<Opcode>(first & 0x0FU);
  header.payload_bytes = second & 0x7FU;
  if (header.is_control()) {
    if (!header.fin || header.payload_bytes > control_payload_bytes_max) return refused;
  } else if (context.in_message != (header.opcode == Opcode::continuation)) {
    return refused;
  }
  return header;
}

bool fits(const Header& header, const Context& context) noexcept {
  return header.is_control() || (context.message_bytes <= context.message_bytes_max &&
                                 header.payload_bytes <= context.message_bytes_max - context.message_bytes);
}

std::expected<ParsedHeader, CloseCode> parse_header(std::span<const char> input, const Context& context) {
  if (input.size() < 2) return ParsedHeader{};
  auto header =
      parse_first_bytes(static_cast<unsigned char>(input[0]), static_cast<unsigned char>(input[1]), context);
  if (!header) return std::unexpected(header.error());
  const std::size_t length_bytes = header->payload_bytes == 126 ? 2 : header->payload_bytes == 127 ? 8 : 0;
  const std::size_t size = 2 + length_bytes + mask_bytes;
  if (input.size() < 2 + length_bytes) return ParsedHeader{};
  if (length_bytes > 0) header->payload_bytes = read_big_endian(input.subspan(2, length_bytes));
  if (!fits(*header, context)) return std::unexpected(CloseCode::too_big);
  if (input.size() < size) return ParsedHeader{};
  std::memcpy(&header->mask, input.data() + size - mask_bytes, mask_bytes);
  return ParsedHeader{*header, size};
}

// The mask for payload that goes on `bytes` bytes later.
std::uint32_t turn_mask(std::uint32_t mask, std::size_t bytes) noexcept {
  const auto bits = static_cast<int>(bytes % mask_bytes * 8);
  return std::endian::native == std::endian::little ? std::rotr(mask, bits) : std::rotl(mask, bits);
}

void unmask(std::span<char> bytes, std::uint32_t mask) noexcept {
  const std::uint64_t wide_mask = static_cast<std::uint64_t>(mask) << 32U | mask;
  std::size_t at = 0;
  for (; at + sizeof(wide_mask) <= bytes.size(); at += sizeof(wide_mask)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    word ^= wide_mask;
    std::memcpy(bytes.data() + at, &word, sizeof(word));
  }
  std::array<char, sizeof(wide_mask)> mask_text;
  std::memcpy(mask_text.data(), &wide_mask, sizeof(wide_mask));
  for (std::size_t i = 0; at < bytes.size(); ++at, ++i)
    bytes[at] = static_cast<char>(bytes[at] ^ mask_text[i]);
}

std::string_view as_text(std::span<const char> bytes) noexcept {
  return {bytes.data(), bytes.size()};
}

Message::Kind kind_of(Opcode opcode) noexcept {
  switch (opcode) {
    case Opcode::text:
      return Message::Kind::text;
    case Opcode::ping:
      return Message::Kind::ping;
    case Opcode::pong:
      return Message::Kind::pong;
    case Opcode::close:
      return Message::Kind::close;
    case Opcode::binary:
    case Opcode::continuation:
      break;
  }
  return Message::Kind::binary;
}

}  // namespace

// All that is known of a message that is not complete, and of a control frame within it.
struct Decoder::Partial {
  enum class State : std::uint8_t { header, payload, yielded };

  State state = State::header;
  bool in_message = false;       // a data frame began and the final one has not ended
  bool control_yielded = false;  // `control` may be reused at the next call
  Opcode message_opcode = Opcode::binary;
  std::uint8_t header_bytes_count = 0;
  std::array<char, client_header_bytes_max> header_bytes;
  Header frame;                  // while state is payload
  std::uint64_t frame_left = 0;  // payload bytes of it still to come
  Utf8Validator validator;
  std::string message;
  std::string control;

  [[nodiscard]] Context context(std::size_t message_bytes_max) const noexcept {
    return {message_bytes_max, message.size(), in_message};
  }
  // Nothing of a message is here, so that the next frame may be read where it lies.
  [[nodiscard]] bool is_idle() const noexcept {
    return state == State::yielded || (state == State::header && !in_message && header_bytes_count == 0);
  }

  [[nodiscard]] std::expected<bool, CloseCode> take_header(std::span<char>& input,
                                                           std::size_t message_bytes_max);
  [[nodiscard]] std::expected<bool, CloseCode> take_payload(std::span<char>& input);
  [[nodiscard]] std::optional<Message> finish_frame();
  void begin_frame(const Header& header);
};

Decoder::Decoder(std::size_t message_bytes_max) noexcept : message_bytes_max_(message_bytes_max) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Decoder::Result Decoder::next(std::span<char>& input) {
  if (partial_ && partial_->is_idle()) partial_.reset();
  return partial_ ? next_partial(input) : next_whole(input);
}

// The common case: a whole message lies in `input`. Everything else goes on in a Partial.
Decoder::Result Decoder::next_whole(std::span<char>& input) {
  if (input.empty()) return std::nullopt;
  const auto parsed = parse_header(input, Context{message_bytes_max_});
  if (!parsed) return std::unexpected(parsed.error());
  const Header& header = parsed->header;
  const std::size_t payload_available = input.size() - parsed->bytes;
  const bool is_whole = parsed->bytes > 0 && header.fin && header.payload_bytes <= payload_available;
  if (!is_whole) {
    partial_ = std::make_unique<Partial>();
    return next_partial(input);
  }
  const std::span<char> payload =
      input.subspan(parsed->bytes, static_cast<std::size_t>(header.payload_bytes));
  input = input.subspan(parsed->bytes + payload.size());
  unmask(payload, header.mask);
  if (header.opcode == Opcode::text && !is_valid_utf8(as_text(payload))) {
    return std::unexpected(CloseCode::invalid_payload);
  }
  return Message{kind_of(header.opcode), as_text(payload)};
}

Decoder::Result Decoder::next_partial(std::span<char>& input) {
  Partial& partial = *partial_;
  if (partial.control_yielded) {
    partial.control = std::string();
    partial.control_yielded = false;
  }
  for (;;) {
    const bool in_header = partial.state == Partial::State::header;
    const auto done =
        in_header ? partial.take_header(input, message_bytes_max_) : partial.take_payload(input);
    if (!done) return std::unexpected(done.error());
    if (!*done) return std::nullopt;
    if (in_header) continue;
    if (std::optional<Message> message = partial.finish_frame()) return message;
  }
}

// Whether the header is complete.
std::expected<bool, CloseCode> Decoder::Partial::take_header(std::span<char>& input,
                                                             std::size_t message_bytes_max) {
  // The header bytes that came before and some of the new ones, in one place; what proves to be payload goes
  // back.
  const std::size_t added = std::min(input.size(), header_bytes.size() - header_bytes_count);
  std::copy_n(input.data(), added, header_bytes.data() + header_bytes_count);
  const std::size_t known = header_bytes_count + added;
  const auto parsed = parse_header({header_bytes.data(), known}, context(message_bytes_max));
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->bytes == 0) {
    header_bytes_count = static_cast<std::uint8_t>(known);
    input = input.subspan(added);
    return false;
  }
  input = input.subspan(parsed->bytes - header_bytes_count);
  header_bytes_count = 0;
  begin_frame(parsed->header);
  return true;
}

void Decoder::Partial::begin_frame(const Header& header) {
  state = State::payload;
  frame = header;
  frame_left = header.payload_bytes;
  if (header.is_control() || header.opcode == Opcode::continuation) return;
  in_message = true;
  message_opcode = header.opcode;
}

// Whether the frame is complete.
std::expected<bool, CloseCode> Decoder::Partial::take_payload(std::span<char>& input) {
  const std::span<char> piece =
      input.first(static_cast<std::size_t>(std::min<std::uint64_t>(frame_left, input.size())));
  input = input.subspan(piece.size());
  unmask(piece, frame.mask);
  frame.mask = turn_mask(frame.mask, piece.size());
  frame_left -= piece.size();
  if (frame.is_control()) {
    control += as_text(piece);
    return frame_left == 0;
  }
  if (message_opcode == Opcode::text && !validator.feed(as_text(piece))) {
    return std::unexpected(CloseCode::invalid_payload);
  }
  message += as_text(piece);
  if (frame_left > 0) return false;
  const bool cut_character = frame.fin && message_opcode == Opcode::text && !validator.complete();
  if (cut_character) return std::unexpected(CloseCode::invalid_payload);
  return true;
}

// The message that the end of this frame completes.
std::optional<Message> Decoder::Partial::finish_frame() {
  state = State::header;
  if (frame.is_control()) {
    control_yielded = true;
    if (!in_message) state = State::yielded;
    return Message{kind_of(frame.opcode), control};
  }
  if (!frame.fin) return std::nullopt;
  in_message = false;
  state = State::yielded;
  return Message{kind_of(message_opcode), message};
}

std::size_t Decoder::buffered_bytes() const noexcept {
  if (!partial_) return 0;
  return sizeof(Partial) + partial_->message.capacity() + partial_->control.capacity();
}

}  // namespace relay::websocket
