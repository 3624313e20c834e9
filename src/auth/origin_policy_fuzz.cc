// The first line is the list, the rest an origin. The policy is compared with a simple one that works on
// whole strings.

#include <cstdint>
#include <string>
#include <vector>

#include "auth/origin_policy.h"
#include "base/check.h"

namespace {

using namespace relay;  // NOLINT(google-build-using-namespace)

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

// In lower case, without leading zeros of a port, and without the port that the scheme implies.
std::string normal(std::string_view origin) {
  std::string text = lower(std::string(origin));
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon > text.find("://") && colon + 1 < text.size() &&
      text.back() != ']') {
    while (text[colon + 1] == '0') text.erase(colon + 1, 1);
    const std::string port = text.substr(colon);
    const bool is_plain = text.starts_with("http:") || text.starts_with("ws:");
    const bool is_secure = text.starts_with("https:") || text.starts_with("wss:");
    if ((is_plain && port == ":80") || (is_secure && port == ":443")) text.erase(colon);
  }
  return text;
}

std::vector<std::string> entries_of(std::string_view list) {
  std::vector<std::string> entries(1);
  for (const char c : list) {
    if (c == ',') {
      entries.emplace_back();
    } else if (c != ' ' && c != '\t') {
      entries.back() += c;
    }
  }
  return entries;
}

// Of an accepted entry and any origin.
bool fits(const std::string& entry, const std::string& origin) {
  const std::size_t star = entry.find('*');
  if (star == std::string::npos) return normal(entry) == normal(origin);
  const std::string before = normal(entry).substr(0, star);
  const std::string after = normal(entry).substr(star + 1);
  const std::string text = normal(origin);
  if (text.size() <= before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after))
    return false;
  const std::string labels = text.substr(before.size(), text.size() - before.size() - after.size());
  constexpr std::string_view good = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  return labels.find_first_not_of(good) == std::string::npos && !labels.starts_with('.') &&
         !labels.ends_with('.') && labels.find("..") == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string list = text.substr(0, line);
  const std::string origin = line == std::string::npos ? std::string() : text.substr(line + 1);
  const auto policy = OriginPolicy::parse(list);
  if (!policy) {
    RELAY_CHECK(!policy.error().empty());
    return 0;
  }
  bool want = policy->allows_any();
  for (const std::string& entry : entries_of(list)) want = want || fits(entry, origin);
  RELAY_CHECK(policy->allows(origin) == want);
  return 0;
}
