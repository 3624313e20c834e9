// A relay that sends anything neither breaks a subscriber nor makes it print what is not one line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/event_subscription.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relay::EventSubscription subscription("token");
  const std::string input(data, data + size);
  std::string_view rest = input;
  for (int messages = 0; messages < 64; ++messages) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const auto step = subscription.on_message(rest.substr(0, end));
    RELAY_CHECK(step.envelope.find('\n') == std::string::npos);
    RELAY_CHECK(!step.is_ended || !step.note.empty());
    RELAY_CHECK(subscription.silence_max().count() > 0);
    if (step.is_ended || end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  return 0;
}
