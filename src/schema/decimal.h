#pragma once
// A JSON number (RFC 8259 §6) with every digit it was written with: no double is involved, so that neither
// thirty digits nor 1e400 are rounded, and 0.3 is a multiple of 0.1.
//
// Every operation is linear in the digits written; an exponent is never written out in zeros.
//
// Threading: values.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relay {

// The value is 0.DIGITS times ten to the power of `point`. Neither end of the digits is a zero, so that a
// value has one spelling; zero has no digits and is not negative.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t point = 0;

  friend bool operator==(const Decimal&, const Decimal&) = default;
};

// The exponent written may be up to this, either way.
inline constexpr std::int64_t decimal_exponent_max = 1'000'000'000;

// `literal` is a number of valid JSON. Nullopt if its exponent is out of range.
[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view literal);

// Whether parse_decimal() reads it; cheap.
[[nodiscard]] bool is_decimal_in_range(std::string_view literal) noexcept;

[[nodiscard]] std::strong_ordering compare(const Decimal& left, const Decimal& right) noexcept;

[[nodiscard]] bool is_integer(const Decimal& number) noexcept;

// The non-negative integer that `number` is, if it is one of at most 18 digits.
[[nodiscard]] std::optional<std::uint64_t> to_unsigned(const Decimal& number) noexcept;

// A positive number of at most 9 significant digits, to divide by.
class Divisor {
 public:
  [[nodiscard]] static std::optional<Divisor> of(const Decimal& number) noexcept;

  // Whether `number` is an integer times this, exactly.
  [[nodiscard]] bool divides(const Decimal& number) const noexcept;

 private:
  std::uint64_t digits_ = 1;   // below 10^9, so that two of them multiply in 64 bits
  std::int64_t exponent_ = 0;  // of the last digit
};

// Appends a text that is the same for equal numbers, and no beginning of that of another.
void append_canonical(std::string& out, const Decimal& number);

}  // namespace relay
