#include "net/chunked_decoder.h"

#include <algorithm>

namespace relay {
namespace {

constexpr std::size_t size_digits_max = 8;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::expected<bool, ChunkedError> ChunkedDecoder::feed(std::string_view& input, std::string& body) {
  while (!input.empty() && state_ != State::done) {
    if (state_ == State::data) {
      const std::size_t take = std::min<std::uint64_t>(chunk_left_, input.size());
      if (take + body.size() > body_bytes_max_) return std::unexpected(ChunkedError::too_large);
      body.append(input.substr(0, take));
      input.remove_prefix(take);
      chunk_left_ -= take;
      if (chunk_left_ == 0) state_ = State::data_cr;
      continue;
    }
    if (++overhead_ > overhead_bytes_max) return std::unexpected(ChunkedError::malformed);
    const char c = input.front();
    input.remove_prefix(1);
    if (!step(c)) return std::unexpected(ChunkedError::malformed);
    // Known before a byte of it is buffered.
    if (state_ == State::data && chunk_left_ + body.size() > body_bytes_max_) {
      return std::unexpected(ChunkedError::too_large);
    }
  }
  return state_ == State::done;
}

bool ChunkedDecoder::begin_data() {
  if (size_digits_ == 0) return false;
  size_digits_ = 0;
  trailer_line_empty_ = true;
  trailer_saw_cr_ = false;
  state_ = chunk_left_ == 0 ? State::trailer : State::data;
  return true;
}

bool ChunkedDecoder::step(char c) {
  switch (state_) {
    case State::size:
      if (const int digit = hex_value(c); digit >= 0) {
        chunk_left_ = chunk_left_ * 16 + static_cast<std::uint64_t>(digit);
        return ++size_digits_ <= size_digits_max;
      }
      state_ = c == '\r' ? State::size_end : State::extension;
      return size_digits_ > 0 && (c == '\r' || c == ';' || c == ' ' || c == '\t');
    case State::extension:
      if (c == '\r') state_ = State::size_end;
      return c != '\n';
    case State::size_end:
      return c == '\n' && begin_data();
    case State::data_cr:
      state_ = State::data_lf;
      return c == '\r';
    case State::data_lf:
      state_ = State::size;
      return c == '\n';
    case State::trailer:
      if (trailer_saw_cr_) {
        if (c != '\n') return false;
        if (trailer_line_empty_) state_ = State::done;
        trailer_saw_cr_ = false;
        trailer_line_empty_ = true;
        return true;
      }
      if (c == '\r') {
        trailer_saw_cr_ = true;
        return true;
      }
      trailer_line_empty_ = false;
      return c != '\n';
    case State::data:
    case State::done:
      return false;
  }
  return false;
}

}  // namespace relay
