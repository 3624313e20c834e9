#pragma once
// The query of a request target, `EIO=4&transport=polling`, without the question mark. Of equal names the
// last one wins; `+` is a blank, `%xx` a byte, and what is no escape stays as it is.
//
// Nothing is stored: each question scans the text, whose length the limit of the request head bounds.
//
// Lifetime: refers to the text given.  Threading: any.

#include <optional>
#include <string>
#include <string_view>

namespace relay {

class QueryString {
 public:
  explicit QueryString(std::string_view raw) noexcept : raw_(raw) {}

  // The decoded value, empty for `name` and `name=`. May be any bytes, also invalid UTF-8 and controls.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;

  // The same as it was sent.
  [[nodiscard]] std::optional<std::string_view> raw(std::string_view name) const;

 private:
  std::string_view raw_;
};

// `text` with `+` and `%xx` decoded.
[[nodiscard]] std::string decode_query_component(std::string_view text);

}  // namespace relay
