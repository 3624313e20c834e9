#include "cluster/json_number.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "cluster/javascript_text.h"
#include "schema/decimal.h"

namespace relay {
namespace {

// Of 2^64 and -2^63.
constexpr std::int64_t integer_digits_max = 20;
// Of the smallest double, in full.
constexpr int double_digits_max = 767;

template <typename Integer>
std::optional<Integer> read_integer(std::string_view text) {
  Integer value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// Of digits with or without a minus.
std::optional<JsonNumber> parse_integer(std::string_view text) {
  if (const auto number = read_integer<std::uint64_t>(text)) return JsonNumber{*number};
  const auto number = read_integer<std::int64_t>(text);
  if (!number) return std::nullopt;
  if (*number >= 0) return JsonNumber{static_cast<std::uint64_t>(*number)};  // -0
  return JsonNumber{*number};
}

// Of 1.0, 12e3 and the like.
std::optional<JsonNumber> parse_integer(const Decimal& decimal) {
  if (decimal.digits.empty()) return JsonNumber{std::uint64_t{0}};
  if (!is_integer(decimal) || decimal.point > integer_digits_max) return std::nullopt;
  std::string text = decimal.negative ? "-" : "";
  text += decimal.digits;
  text.append(static_cast<std::size_t>(decimal.point) - decimal.digits.size(), '0');
  return parse_integer(text);
}

bool is_tiny(std::string_view literal, const std::optional<Decimal>& decimal) {
  if (decimal) return decimal->point <= 0;
  // An absurd exponent, against which the digits before it count for nothing.
  return literal.find("e-") != std::string_view::npos || literal.find("E-") != std::string_view::npos;
}

double nearest_double(std::string_view literal, const std::optional<Decimal>& decimal) {
  double number = 0;
  const auto result = std::from_chars(literal.data(), literal.data() + literal.size(), number);
  if (result.ec == std::errc()) return number;
  if (is_tiny(literal, decimal)) return 0;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return literal.front() == '-' ? -infinity : infinity;
}

bool is_same(const Decimal& decimal, double number) {
  if (number - number != 0) return false;  // infinite
  std::string shortest;
  append_javascript_number(shortest, number);
  if (parse_decimal(shortest) == decimal) return true;
  constexpr std::size_t shortest_digits_max = 17;
  if (decimal.digits.size() <= shortest_digits_max || decimal.digits.size() > double_digits_max) return false;
  std::array<char, double_digits_max + 16> full;
  const auto result = std::to_chars(full.data(), full.data() + full.size(), number,
                                    std::chars_format::scientific, double_digits_max - 1);
  return parse_decimal({full.data(), result.ptr}) == decimal;
}

}  // namespace

JsonNumber parse_json_number(std::string_view literal) {
  if (const auto integer = parse_integer(literal)) return *integer;
  const std::optional<Decimal> decimal = parse_decimal(literal);
  if (decimal) {
    if (const auto integer = parse_integer(*decimal)) return *integer;
  }
  const double number = nearest_double(literal, decimal);
  return {number, decimal && is_same(*decimal, number)};
}

}  // namespace relay
