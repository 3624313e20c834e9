#pragma once
// JSON from outside (RFC 8259): checks the grammar in one pass and yields the exact text of what it passed,
// so that it can be spliced elsewhere unchanged. Nothing is converted: a number has any size, a string keeps
// its escapes, also lone surrogates; duplicate keys are all yielded. Strings may hold any bytes from 0x20 on:
// who needs UTF-8 checks the whole text before (base/utf8.h).
//
// A top-level array or object is level 1; level `depth_max` + 1 is refused. Depth costs no stack, and time is
// linear.
//
// Lifetime: every view points into the text given.  Threading: any; a scanner is a value of its owner.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace relay {

enum class JsonKind : std::uint8_t { object, array, string, number, true_, false_, null_ };

struct JsonError {
  std::size_t offset;
  std::string_view message;  // a literal
};

// A greater `depth_max` counts as this.
inline constexpr unsigned json_depth_limit = 1024;

class JsonScanner {
 public:
  JsonScanner(std::string_view text, unsigned depth_max) noexcept;

  // The kind of the value that comes next, judged by its first byte. Passes white space only.
  [[nodiscard]] std::expected<JsonKind, JsonError> peek();

  // Passes one value, with white space before it, and returns its text without.
  [[nodiscard]] std::expected<std::string_view, JsonError> scan_value();

  // Passes one object and calls member(std::string_view quoted_key, std::string_view value) for each of its
  // members in order. When it fails, the members before the fault have been reported.
  template <typename F>
  [[nodiscard]] std::expected<void, JsonError> scan_object(F&& member);

  // The same for an array: element(std::string_view value).
  template <typename F>
  [[nodiscard]] std::expected<void, JsonError> scan_array(F&& element);

  // Fails if anything but white space is left.
  [[nodiscard]] std::expected<void, JsonError> expect_end();

 private:
  using Result = std::expected<void, JsonError>;
  using Text = std::expected<std::string_view, JsonError>;

  void skip_space() noexcept;
  [[nodiscard]] JsonError error_here(std::string_view message) const noexcept;
  [[nodiscard]] Result enter(char open, std::string_view message);
  // Passes `close` and reports it, else a comma unless this is the first item.
  [[nodiscard]] std::expected<bool, JsonError> leaves(char close, bool first);
  [[nodiscard]] Text scan_key();

  const char* const begin_;
  const char* const end_;
  const char* at_;
  unsigned depth_left_;
};

// Checks a whole text of one value with white space around it.
[[nodiscard]] std::expected<JsonKind, JsonError> validate_json(std::string_view text, unsigned depth_max);

// Of a value that a scanner returned.
[[nodiscard]] JsonKind json_kind(std::string_view value) noexcept;

// The string that a scanner returned with its quotes, as UTF-8. Nullopt if an escape is a surrogate without
// its other half, which UTF-8 cannot hold.
[[nodiscard]] std::optional<std::string> decode_json_string(std::string_view quoted);

// Whether that string is `plain`. Allocates only if there are escapes.
[[nodiscard]] bool json_string_equals(std::string_view quoted, std::string_view plain);

template <typename F>
std::expected<void, JsonError> JsonScanner::scan_object(F&& member) {
  if (Result entered = enter('{', "expected an object"); !entered) return entered;
  for (bool first = true;; first = false) {
    const auto left = leaves('}', first);
    if (!left) return std::unexpected(left.error());
    if (*left) return {};
    const Text key = scan_key();
    if (!key) return std::unexpected(key.error());
    const Text value = scan_value();
    if (!value) return std::unexpected(value.error());
    member(*key, *value);
  }
}

template <typename F>
std::expected<void, JsonError> JsonScanner::scan_array(F&& element) {
  if (Result entered = enter('[', "expected an array"); !entered) return entered;
  for (bool first = true;; first = false) {
    const auto left = leaves(']', first);
    if (!left) return std::unexpected(left.error());
    if (*left) return {};
    const Text value = scan_value();
    if (!value) return std::unexpected(value.error());
    element(*value);
  }
}

}  // namespace relay
