#pragma once
// The text of an environment file, as docker and the usual dotenv libraries read it:
//
//   # a comment
//   PORT=4000                  # a comment, after a blank
//   export LOG_LEVEL = debug   `export` and blanks around '=' do not count
//   A='as it is: \n $x #'      single quotes
//   B="two\nlines"             double quotes: \n \r \t \" \\ \$ are escapes, any other backslash stays
//
// Nothing is expanded, and a value ends at the end of its line. Of equal names the last wins. A byte order
// mark and CRLF are accepted, other control characters but tabs are not.
//
// Threading: any.

#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace relay {

using NamedTexts = std::map<std::string, std::string, std::less<>>;

struct DotenvError {
  std::size_t line;          // from 1
  std::string_view message;  // a literal, which never quotes the line: it may hold a secret

  friend bool operator==(const DotenvError&, const DotenvError&) = default;
};

inline constexpr std::size_t dotenv_bytes_max = 1024 * 1024;

// The first malformed line is the error; so is a text over dotenv_bytes_max.
[[nodiscard]] std::expected<NamedTexts, DotenvError> parse_dotenv(std::string_view text);

}  // namespace relay
