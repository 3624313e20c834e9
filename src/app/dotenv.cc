#include "app/dotenv.h"

#include <algorithm>
#include <utility>

namespace relay {
namespace {

using Value = std::expected<std::string, std::string_view>;

constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

constexpr bool is_name_character(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

std::string_view take_name(std::string_view& line) {
  if (!line.empty() && line.front() >= '0' && line.front() <= '9') return {};
  const auto end = std::ranges::find_if_not(line, is_name_character);
  const auto name = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  line.remove_prefix(name.size());
  return name;
}

// `export` is a prefix only when a name follows; alone it is a name like any other.
void skip_export(std::string_view& line) {
  constexpr std::string_view word = "export";
  if (!line.starts_with(word) || line.size() == word.size() || !is_blank(line[word.size()])) return;
  std::string_view rest = line.substr(word.size());
  skip_blanks(rest);
  if (!rest.empty() && is_name_character(rest.front())) line = rest;
}

Value unquoted(std::string_view rest) {
  std::size_t end = 0;
  while (end < rest.size() && !(rest[end] == '#' && (end == 0 || is_blank(rest[end - 1])))) ++end;
  while (end > 0 && is_blank(rest[end - 1])) --end;
  return std::string(rest.substr(0, end));
}

// What may stand behind a closing quote.
bool is_line_end(std::string_view rest) {
  const std::size_t before = rest.size();
  skip_blanks(rest);
  return rest.empty() || (rest.front() == '#' && rest.size() < before);
}

char unescaped(char c) noexcept {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
    case '$':
      return c;
    default:
      return '\0';
  }
}

Value double_quoted(std::string_view rest) {
  std::string value;
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] == '"') {
      if (!is_line_end(rest.substr(at + 1))) return std::unexpected("has text behind the closing quote");
      return value;
    }
    if (rest[at] == '\\' && at + 1 < rest.size() && unescaped(rest[at + 1]) != '\0') {
      value += unescaped(rest[++at]);
    } else {
      value += rest[at];
    }
  }
  return std::unexpected("needs a closing double quote");
}

Value single_quoted(std::string_view rest) {
  const std::size_t end = rest.find('\'', 1);
  if (end == std::string_view::npos) return std::unexpected("needs a closing single quote");
  if (!is_line_end(rest.substr(end + 1))) return std::unexpected("has text behind the closing quote");
  return std::string(rest.substr(1, end - 1));
}

Value parse_value(std::string_view rest) {
  skip_blanks(rest);
  if (rest.starts_with('"')) return double_quoted(rest);
  if (rest.starts_with('\'')) return single_quoted(rest);
  return unquoted(rest);
}

std::expected<void, std::string_view> parse_line(std::string_view line, NamedTexts& into) {
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F; };
  if (std::ranges::any_of(line, is_control)) return std::unexpected("has a control character");
  skip_blanks(line);
  if (line.empty() || line.front() == '#') return {};
  skip_export(line);
  const std::string_view name = take_name(line);
  skip_blanks(line);
  if (name.empty() || !line.starts_with('=')) return std::unexpected("needs NAME=value");
  Value value = parse_value(line.substr(1));
  if (!value) return std::unexpected(value.error());
  into.insert_or_assign(std::string(name), *std::move(value));
  return {};
}

}  // namespace

std::expected<NamedTexts, DotenvError> parse_dotenv(std::string_view text) {
  if (text.size() > dotenv_bytes_max)
    return std::unexpected(DotenvError{1, "belongs to a file of over 1 MiB"});
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  NamedTexts found;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const auto parsed = parse_line(line, found); !parsed) {
      return std::unexpected(DotenvError{number, parsed.error()});
    }
  }
  return found;
}

}  // namespace relay
