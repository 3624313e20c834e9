#include "cluster/raw_messages.h"

#include <charconv>

namespace relay {
namespace {

void append_size(std::string& out, std::size_t size) {
  out += std::to_string(size);
  out += ':';
}

std::optional<std::size_t> take_size(std::string_view& bytes) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), size);
  if (error != std::errc() || end == bytes.data() + bytes.size() || *end != ':') return std::nullopt;
  bytes.remove_prefix(static_cast<std::size_t>(end - bytes.data()) + 1);
  return size;
}

}  // namespace

void append_raw_message(std::string& out, const MessageRing::Raw& raw) {
  append_size(out, raw.size());
  for (const std::string& part : raw) {
    append_size(out, part.size());
    out += part;
  }
}

std::optional<std::vector<MessageRing::Raw>> read_raw_messages(std::string_view bytes) {
  std::vector<MessageRing::Raw> messages;
  while (!bytes.empty()) {
    const auto parts = take_size(bytes);
    if (!parts || *parts > raw_parts_max) return std::nullopt;
    MessageRing::Raw& raw = messages.emplace_back();
    for (std::size_t i = 0; i < *parts; ++i) {
      const auto size = take_size(bytes);
      if (!size || *size > bytes.size()) return std::nullopt;
      raw.emplace_back(bytes.substr(0, *size));
      bytes.remove_prefix(*size);
    }
  }
  return messages;
}

}  // namespace relay
