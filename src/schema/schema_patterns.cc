#include "schema/schema_patterns.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"

namespace relay {
namespace {

constexpr std::int64_t pattern_bytes_max = 1 << 20;  // of RE2's program and automaton

// The length of the character class or the one character that `text` begins with; 0 if it begins with
// neither.
std::size_t class_length(std::string_view text) noexcept {
  if (text.starts_with("\\p{") || text.starts_with("\\P{")) return text.find('}') + 1;
  if (text.starts_with('\\')) return text.size() > 1 && std::string_view("dDwWsS").find(text[1]) < 6 ? 2 : 0;
  if (text.starts_with('.')) return 1;
  if (!text.starts_with('[')) return 0;
  std::size_t at = text.starts_with("[^") ? 2 : 1;
  for (; at < text.size() && text[at] != ']'; ++at) {
    if (text[at] == '\\') ++at;
    if (text[at] == '[') return 0;  // [:alpha:], or an end that is not the class's
  }
  return at < text.size() ? at + 1 : 0;
}

// Whether the pattern is one class, repeated, between ^ and $. Its automaton is no larger than its program,
// so that a byte costs next to nothing however large the class is: ^[\p{L} '-]+$.
bool is_one_class(std::string_view text) noexcept {
  if (!text.starts_with('^') || !text.ends_with('$')) return false;
  text = text.substr(1, text.size() - 2);
  const std::size_t length = class_length(text);
  if (length == 0) return false;
  text.remove_prefix(length);
  if (text.empty() || text == "*" || text == "+" || text == "?") return true;
  if (!text.starts_with('{') || !text.ends_with('}')) return false;
  return std::ranges::all_of(text.substr(1, text.size() - 2),
                             [](char c) { return c == ',' || (c >= '0' && c <= '9'); });
}

}  // namespace

std::expected<const Pattern*, std::string> add_pattern(PatternTable& table, std::string_view text) {
  if (const auto found = table.find(text); found != table.end()) return &found->second;
  if (table.size() >= schema_patterns_max) {
    return std::unexpected(
        fmt::format("is one of more than {} patterns in all schemas", schema_patterns_max));
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(pattern_bytes_max);
  auto regex = std::make_unique<const RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!regex->ok()) {
    return std::unexpected(
        fmt::format("is not taken by RE2: {}", replace_invalid_utf8(regex->error().substr(0, 200))));
  }
  const int program = std::max(regex->ProgramSize(), regex->ReverseProgramSize());
  if (program > pattern_program_max) {
    return std::unexpected(
        fmt::format("is too large, {} instructions of at most {}: smaller counts, or minLength and "
                    "maxLength, make it less",
                    program, pattern_program_max));
  }
  constexpr std::int64_t one_class_work = 4;
  const std::int64_t work = is_one_class(text) ? one_class_work : std::max(program, 1);
  return &table.emplace(text, Pattern{std::move(regex), work}).first->second;
}

}  // namespace relay
