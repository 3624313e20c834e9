#pragma once
// A text that sorts fast: most comparisons end with the first eight bytes, which are kept as a number.
//
// Lifetime: refers to the text given.  Threading: values.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace relay {

class OrderedText {
 public:
  explicit OrderedText(std::string_view text) noexcept : text_(text) {
    for (std::size_t i = 0; i < sizeof(first_); ++i) {
      first_ = first_ << 8U | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
    }
  }

  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  // By bytes, as string_view has it.
  friend std::strong_ordering operator<=>(const OrderedText& left, const OrderedText& right) noexcept {
    if (left.first_ != right.first_) return left.first_ <=> right.first_;
    return left.text_ <=> right.text_;
  }
  friend bool operator==(const OrderedText& left, const OrderedText& right) noexcept {
    return left.first_ == right.first_ && left.text_ == right.text_;
  }

 private:
  std::uint64_t first_ = 0;
  std::string_view text_;
};

}  // namespace relay
