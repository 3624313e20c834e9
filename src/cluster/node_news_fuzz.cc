// Bodies of heartbeats: what is taken is within its bounds, and comes back when it is written.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "cluster/node_news.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto news = relay::read_node_news("uid", body);
  if (!news) return 0;
  RELAY_CHECK(news->name.size() <= 255 && relay::is_valid_utf8(news->name));
  RELAY_CHECK(news->version.size() <= 255 && news->adapter.size() <= 255);
  RELAY_CHECK(news->settings.size() <= relay::node_settings_max);
  for (const auto& [name, hash] : news->settings) RELAY_CHECK(name.size() <= 255 && hash.size() == 8);
  RELAY_CHECK(relay::read_node_news("uid", relay::write_node_news(*news)) == news);
  return 0;
}
