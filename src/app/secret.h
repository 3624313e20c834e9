#pragma once
// A text that must not reach a log, an error or a screen. It has no way to print itself: who needs the text
// says reveal(), which is easy to find in a review.
//
// Threading: a value of its owner.

#include <string>
#include <utility>

namespace relay {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

}  // namespace relay
