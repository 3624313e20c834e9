#include "cluster/node_news.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "auth/strict_json.h"
#include "base/check.h"
#include "base/utf8.h"

namespace relay {
namespace {

using nlohmann::json;

std::string fitting_text(std::string_view text) {
  std::string valid = replace_invalid_utf8(text);
  if (valid.size() <= node_text_bytes_max) return valid;
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(valid[at]) & 0xC0U) == 0x80U;
  };
  std::size_t size = node_text_bytes_max;
  while (size > 0 && continues(size)) --size;
  valid.resize(size);
  return valid;
}

bool read_text(std::string& out, const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return true;
  const auto* const text = member->get_ptr<const std::string*>();
  if (text == nullptr || text->size() > node_text_bytes_max) return false;
  out = *text;
  return true;
}

bool read_number(std::uint64_t& out, const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return true;
  const auto* const number = member->get_ptr<const json::number_unsigned_t*>();
  if (number == nullptr || *number > node_number_max) return false;
  out = *number;
  return true;
}

bool is_hash(std::string_view text) noexcept {
  const auto is_digit = [](char digit) {
    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
  };
  return text.size() == setting_hash_digits && std::ranges::all_of(text, is_digit);
}

bool read_settings(SettingsFingerprint& out, const json& object) {
  const auto member = object.find("settings");
  if (member == object.end()) return true;
  if (!member->is_object() || member->size() > node_settings_max) return false;
  for (const auto& [name, value] : member->items()) {
    const auto* const hash = value.get_ptr<const std::string*>();
    if (hash == nullptr || !is_hash(*hash) || name.size() > node_text_bytes_max) return false;
    out.emplace(name, *hash);
  }
  return true;
}

}  // namespace

std::string write_node_news(const NodeNews& news) {
  RELAY_CHECK(news.settings.size() <= node_settings_max);
  const json object = {{"name", fitting_text(news.name)},
                       {"version", fitting_text(news.version)},
                       {"startedAtMs", news.started_at_ms},
                       {"adapter", fitting_text(news.adapter)},
                       {"connections", news.connections},
                       {"sessions", news.sessions},
                       {"rooms", news.rooms},
                       {"settings", news.settings}};
  return object.dump();
}

std::optional<NodeNews> read_node_news(std::string_view uid, std::string_view body) {
  if (body.size() > node_news_bytes_max) return std::nullopt;
  const auto object = parse_strict_object(body);
  if (!object) return std::nullopt;
  for (const char* const required : {"name", "version", "startedAtMs"}) {
    if (!object->contains(required)) return std::nullopt;
  }
  NodeNews news{.uid = std::string(uid)};
  if (!read_text(news.name, *object, "name") || !read_text(news.version, *object, "version") ||
      !read_number(news.started_at_ms, *object, "startedAtMs") ||
      !read_text(news.adapter, *object, "adapter") ||
      !read_number(news.connections, *object, "connections") ||
      !read_number(news.sessions, *object, "sessions") || !read_number(news.rooms, *object, "rooms") ||
      !read_settings(news.settings, *object)) {
    return std::nullopt;
  }
  return news;
}

}  // namespace relay
