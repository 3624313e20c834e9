#include "protocol/json_pointer.h"

namespace relay {

std::string pointer_to(std::string_view name) {
  constexpr std::size_t name_shown_max = 100;
  bool cut = false;
  if (name.size() > name_shown_max) {
    std::size_t length = name_shown_max;
    while (length > 0 && (static_cast<unsigned char>(name[length]) & 0xC0U) == 0x80U) --length;
    name = name.substr(0, length);
    cut = true;
  }
  std::string path = "/";
  for (const char c : name) {
    if (c == '~') {
      path += "~0";
    } else if (c == '/') {
      path += "~1";
    } else {
      path += c;
    }
  }
  if (cut) path += "...";
  return path;
}

}  // namespace relay
