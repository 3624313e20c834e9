#pragma once
// A file that was compiled into the program by relay_embed() of cmake/embed.cmake.
//
// For each target T of relay_embed() there is a header T.h with
//
//     namespace relay::T { std::optional<EmbeddedFile> find(std::string_view name) noexcept; }
//
// Threading: immutable, safe from any thread. Everything viewed lives as long as the program.

#include <string_view>

namespace relay {

struct EmbeddedFile {
  std::string_view name;     // relative to the base folder given to relay_embed(), such as "try/index.html"
  std::string_view content;  // byte for byte
  std::string_view etag;     // of the content; quoted, as it goes into the header (RFC 9110 §8.8.3)
};

}  // namespace relay
