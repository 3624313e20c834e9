#include "protocol/json_scanner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace relay {
namespace {

// A place in the text, or the fault found there.
struct Step {
  const char* at;
  const char* fault = nullptr;  // null while all is well
};

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

constexpr bool is_hex_digit(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A byte that stands for itself in a string.
constexpr bool is_plain(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

const char* skip_spaces(const char* at, const char* end) noexcept {
  while (at != end && is_space(*at)) ++at;
  return at;
}

// The first byte from `at` that is not plain, or `end`.
const char* skip_plain(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i special =
        _mm_or_si128(control, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const int mask = _mm_movemask_epi8(special);
    if (mask != 0) return at + std::countr_zero(static_cast<unsigned>(mask));
    at += 16;
  }
#else
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101U;
  constexpr std::uint64_t high_bits = ones << 7U;
  const auto has_zero = [](std::uint64_t word) { return (word - ones) & ~word & high_bits; };
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    const std::uint64_t special = has_zero(word ^ ones * '"') | has_zero(word ^ ones * '\\') |
                                  ((word - ones * 0x20) & ~word & high_bits);
    if (special != 0) break;
    at += 8;
  }
#endif
  while (at != end && is_plain(*at)) ++at;
  return at;
}

// `at` is behind the backslash.
Step skip_escape(const char* at, const char* end) noexcept {
  if (at == end) return {at, "unterminated string"};
  if (*at != 'u') {
    constexpr std::string_view simple = "\"\\/bfnrt";
    return simple.find(*at) == std::string_view::npos ? Step{at, "invalid escape"} : Step{at + 1};
  }
  ++at;
  for (int i = 0; i < 4; ++i, ++at) {
    if (at == end || !is_hex_digit(*at)) return {at, "invalid escape"};
  }
  return {at};
}

// `at` is behind the first quote.
Step skip_string(const char* at, const char* end) noexcept {
  for (;;) {
    at = skip_plain(at, end);
    if (at == end) return {at, "unterminated string"};
    if (*at == '"') return {at + 1};
    if (*at != '\\') return {at, "control character in a string"};
    const Step escape = skip_escape(at + 1, end);
    if (escape.fault != nullptr) return escape;
    at = escape.at;
  }
}

const char* skip_digits(const char* at, const char* end) noexcept {
  while (at != end && is_digit(*at)) ++at;
  return at;
}

Step skip_number(const char* at, const char* end) noexcept {
  constexpr const char* message = "invalid number";
  if (*at == '-') ++at;
  if (at == end || !is_digit(*at)) return {at, message};
  at = *at == '0' ? at + 1 : skip_digits(at, end);
  if (at != end && *at == '.') {
    const char* const fraction = at + 1;
    at = skip_digits(fraction, end);
    if (at == fraction) return {at, message};
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    const char* const exponent = at;
    at = skip_digits(exponent, end);
    if (at == exponent) return {at, message};
  }
  return {at};
}

Step skip_literal(const char* at, const char* end, std::string_view literal) noexcept {
  if (std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(literal))
    return {at + literal.size()};
  return {at, "expected a value"};
}

// Of a value without parts; `at` is at its first byte.
Step skip_scalar(const char* at, const char* end) noexcept {
  switch (*at) {
    case '"':
      return skip_string(at + 1, end);
    case 't':
      return skip_literal(at, end, "true");
    case 'f':
      return skip_literal(at, end, "false");
    case 'n':
      return skip_literal(at, end, "null");
    default:
      if (*at == '-' || is_digit(*at)) return skip_number(at, end);
      return {at, "expected a value"};
  }
}

// A quoted key, the colon and the white space around it.
Step skip_key(const char* at, const char* end) noexcept {
  if (at == end || *at != '"') return {at, "expected a key"};
  const Step key = skip_string(at + 1, end);
  if (key.fault != nullptr) return key;
  at = skip_spaces(key.at, end);
  if (at == end || *at != ':') return {at, "expected a colon"};
  return {skip_spaces(at + 1, end)};
}

// For each open container whether it is an object: a bit each, so that depth costs no calls.
class ContainerStack {
 public:
  void push(bool is_object) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << (size_ % 64U);
    std::uint64_t& word = bits_[size_ / 64U];
    // The first bit of a word clears the others, so that nothing needs to be set up.
    word = (size_ % 64U == 0 ? 0 : word & ~bit) | (is_object ? bit : 0);
    ++size_;
  }
  void pop() noexcept { --size_; }
  [[nodiscard]] bool top_is_object() const noexcept {
    return (bits_[(size_ - 1) / 64U] >> ((size_ - 1) % 64U) & 1U) != 0;
  }
  [[nodiscard]] unsigned size() const noexcept { return size_; }

 private:
  std::array<std::uint64_t, json_depth_limit / 64> bits_;  // valid below size_
  unsigned size_ = 0;
};

// Passes the ends of containers behind a value, and a comma with the key behind it, up to the next value.
// When no container is left, the value that was asked for is complete.
Step skip_to_next_value(const char* at, const char* end, ContainerStack& open) noexcept {
  while (open.size() > 0) {
    const bool in_object = open.top_is_object();
    at = skip_spaces(at, end);
    if (at == end) return {at, in_object ? "unterminated object" : "unterminated array"};
    if (*at == ',') {
      at = skip_spaces(at + 1, end);
      return in_object ? skip_key(at, end) : Step{at};
    }
    if (*at != (in_object ? '}' : ']')) return {at, "expected a comma"};
    ++at;
    open.pop();
  }
  return {at};
}

// `at` is at the first byte of a value.
Step skip_value(const char* at, const char* end, unsigned depth_max) noexcept {
  ContainerStack open;
  do {
    if (at == end) return {at, "expected a value"};
    const bool is_object = *at == '{';
    if (is_object || *at == '[') {
      if (open.size() == depth_max) return {at, "nested too deep"};
      open.push(is_object);
      at = skip_spaces(at + 1, end);
      const bool is_empty = at != end && *at == (is_object ? '}' : ']');
      if (!is_empty) {
        const Step key = is_object ? skip_key(at, end) : Step{at};
        if (key.fault != nullptr) return key;
        at = key.at;
        continue;
      }
      ++at;
      open.pop();
    } else {
      const Step scalar = skip_scalar(at, end);
      if (scalar.fault != nullptr) return scalar;
      at = scalar.at;
    }
    const Step next = skip_to_next_value(at, end, open);
    if (next.fault != nullptr) return next;
    at = next.at;
  } while (open.size() > 0);
  return {at};
}

}  // namespace

JsonScanner::JsonScanner(std::string_view text, unsigned depth_max) noexcept
    : begin_(text.data()),
      end_(text.data() + text.size()),
      at_(text.data()),
      depth_left_(std::min(depth_max, json_depth_limit)) {}

void JsonScanner::skip_space() noexcept {
  at_ = skip_spaces(at_, end_);
}

JsonError JsonScanner::error_here(std::string_view message) const noexcept {
  return {static_cast<std::size_t>(at_ - begin_), message};
}

std::expected<JsonKind, JsonError> JsonScanner::peek() {
  skip_space();
  if (at_ == end_ || (!is_digit(*at_) && std::string_view("{[\"-tfn").find(*at_) == std::string_view::npos)) {
    return std::unexpected(error_here("expected a value"));
  }
  return json_kind({at_, 1});
}

JsonScanner::Text JsonScanner::scan_value() {
  skip_space();
  const char* const value = at_;
  const Step step = skip_value(at_, end_, depth_left_);
  at_ = step.at;
  if (step.fault != nullptr) return std::unexpected(error_here(step.fault));
  return std::string_view(value, static_cast<std::size_t>(at_ - value));
}

JsonScanner::Result JsonScanner::enter(char open, std::string_view message) {
  skip_space();
  if (at_ == end_ || *at_ != open) return std::unexpected(error_here(message));
  if (depth_left_ == 0) return std::unexpected(error_here("nested too deep"));
  --depth_left_;
  ++at_;
  return {};
}

std::expected<bool, JsonError> JsonScanner::leaves(char close, bool first) {
  skip_space();
  if (at_ == end_)
    return std::unexpected(error_here(close == '}' ? "unterminated object" : "unterminated array"));
  if (*at_ == close) {
    ++at_;
    ++depth_left_;
    return true;
  }
  if (first) return false;
  if (*at_ != ',') return std::unexpected(error_here("expected a comma"));
  ++at_;
  return false;
}

JsonScanner::Text JsonScanner::scan_key() {
  skip_space();
  const char* const key = at_;
  const Step step = skip_key(at_, end_);
  at_ = step.at;
  if (step.fault != nullptr) return std::unexpected(error_here(step.fault));
  const char* key_end = at_;
  while (key_end[-1] != '"') --key_end;  // back over the colon and the white space
  return std::string_view(key, static_cast<std::size_t>(key_end - key));
}

JsonScanner::Result JsonScanner::expect_end() {
  skip_space();
  if (at_ != end_) return std::unexpected(error_here("expected the end"));
  return {};
}

std::expected<JsonKind, JsonError> validate_json(std::string_view text, unsigned depth_max) {
  JsonScanner scanner(text, depth_max);
  const auto value = scanner.scan_value();
  if (!value) return std::unexpected(value.error());
  if (const auto end = scanner.expect_end(); !end) return std::unexpected(end.error());
  return json_kind(*value);
}

}  // namespace relay
