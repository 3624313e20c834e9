// What the sockets hear when the bus has lost events.

#include <algorithm>
#include <string>

#include "base/random.h"
#include "relay/relay_namespace.h"

namespace relay {

void RelayNamespace::on_epoch_ended(const Epoch& ended) {
  hub_.members().for_each([&](Member& member) {
    const OffsetText after = format_offset(ended.text(), member.known());
    member.emit("relay:gap", R"({"after":")" + std::string(after.begin(), after.end()) + R"("})");
  });
}

void RelayNamespace::on_events_lost() {
  to_close_.clear();
  hub_.members().for_each([&](Member& member) { to_close_.push_back(member.handle()); });
  if (to_close_.empty()) return;
  constexpr std::size_t steps = gap_closing_time / gap_closing_step;
  close_at_once_ = to_close_.size() / steps + 1;
  // A few sockets go at a moment of their own, so that those of many nodes do not come back together.
  const auto delay =
      std::chrono::duration_cast<std::chrono::milliseconds>(gap_closing_step * random_fraction());
  hub_.loop().timers().arm(loss_timer_, hub_.loop().now(), delay);
}

void RelayNamespace::on_loss_timer() {
  for (std::size_t left = close_at_once_; left > 0 && !to_close_.empty(); --left) {
    Member* const member = hub_.find(to_close_.back());
    to_close_.pop_back();
    if (member != nullptr) member->close_transport(CloseReason::forced_close);
  }
  if (!to_close_.empty()) hub_.loop().timers().arm(loss_timer_, hub_.loop().now(), gap_closing_step);
}

}  // namespace relay
