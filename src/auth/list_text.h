#pragma once
// Comma-separated settings. Threading: any.

#include <cstddef>
#include <string_view>

namespace relay {

// Without spaces and tabs around it.
[[nodiscard]] constexpr std::string_view trim_blanks(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Calls entry(std::string_view) for every entry, trimmed; an empty list is one empty entry.
template <typename F>
void for_each_entry(std::string_view list, F&& entry) {
  for (;;) {
    const std::size_t comma = list.find(',');
    entry(trim_blanks(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace relay
