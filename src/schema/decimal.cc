#include "schema/decimal.h"

#include <algorithm>

#include <fmt/format.h>

namespace relay {
namespace {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// Of the text behind the `e`. Nullopt if out of range.
std::optional<std::int64_t> parse_exponent(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) {
    value = value * 10 + (c - '0');
    if (value > decimal_exponent_max) return std::nullopt;
  }
  return negative ? -value : value;
}

std::uint64_t power_of_ten(std::uint64_t exponent, std::uint64_t modulus) noexcept {
  std::uint64_t result = 1 % modulus;
  for (std::uint64_t base = 10 % modulus; exponent > 0; exponent >>= 1U) {
    if ((exponent & 1U) != 0) result = result * base % modulus;
    base = base * base % modulus;
  }
  return result;
}

std::int64_t last_exponent(const Decimal& number) noexcept {
  return number.point - static_cast<std::int64_t>(number.digits.size());
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view literal) {
  Decimal number;
  number.negative = literal.starts_with('-');
  if (number.negative) literal.remove_prefix(1);
  const std::size_t end = std::min(literal.find_first_of("eE"), literal.size());
  if (end < literal.size()) {
    const auto exponent = parse_exponent(literal.substr(end + 1));
    if (!exponent) return std::nullopt;
    number.point = *exponent;
  }
  bool in_fraction = false;
  for (const char c : literal.substr(0, end)) {
    if (!is_digit(c)) {
      in_fraction = true;
    } else if (c == '0' && number.digits.empty()) {
      if (in_fraction) --number.point;
    } else {
      number.digits += c;
      if (!in_fraction) ++number.point;
    }
  }
  number.digits.resize(number.digits.find_last_not_of('0') + 1);
  if (number.digits.empty()) return Decimal{};
  return number;
}

bool is_decimal_in_range(std::string_view literal) noexcept {
  const std::size_t end = literal.find_first_of("eE");
  return end == std::string_view::npos || parse_exponent(literal.substr(end + 1)).has_value();
}

std::strong_ordering compare(const Decimal& left, const Decimal& right) noexcept {
  if (left.negative != right.negative) {
    return left.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  const Decimal& low = left.negative ? right : left;
  const Decimal& high = left.negative ? left : right;
  if (low.digits.empty() || high.digits.empty()) return low.digits.size() <=> high.digits.size();
  if (low.point != high.point) return low.point <=> high.point;
  return low.digits <=> high.digits;
}

bool is_integer(const Decimal& number) noexcept {
  return number.digits.empty() || last_exponent(number) >= 0;
}

std::optional<std::uint64_t> to_unsigned(const Decimal& number) noexcept {
  if (number.digits.empty()) return 0;
  if (number.negative || !is_integer(number) || number.point > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (std::int64_t i = 0; i < number.point; ++i) {
    const auto at = static_cast<std::size_t>(i);
    value =
        value * 10 + (at < number.digits.size() ? static_cast<std::uint64_t>(number.digits[at] - '0') : 0);
  }
  return value;
}

std::optional<Divisor> Divisor::of(const Decimal& number) noexcept {
  if (number.digits.empty() || number.negative || number.digits.size() > 9) return std::nullopt;
  Divisor divisor;
  divisor.digits_ = 0;
  for (const char c : number.digits)
    divisor.digits_ = divisor.digits_ * 10 + static_cast<std::uint64_t>(c - '0');
  divisor.exponent_ = last_exponent(number);
  return divisor;
}

bool Divisor::divides(const Decimal& number) const noexcept {
  if (number.digits.empty()) return true;
  const std::int64_t zeros = last_exponent(number) - exponent_;
  // A quotient that is an integer would make the last digit a zero.
  if (zeros < 0) return false;
  std::uint64_t rest = 0;
  for (const char c : number.digits) rest = (rest * 10 + static_cast<std::uint64_t>(c - '0')) % digits_;
  return rest * power_of_ten(static_cast<std::uint64_t>(zeros), digits_) % digits_ == 0;
}

void append_canonical(std::string& out, const Decimal& number) {
  out += number.negative ? '-' : '+';
  out += number.digits;
  const fmt::format_int point(number.point);
  out += 'e';
  out.append(point.data(), point.size());
  out += ';';
}

}  // namespace relay
