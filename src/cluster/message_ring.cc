#include "cluster/message_ring.h"

#include <algorithm>
#include <utility>

namespace relay {

void MessageRing::add(std::uint64_t number, Raw raw) {
  if (!messages_.empty() && number <= messages_.back().number) {
    messages_.clear();
    bytes_ = 0;
  }
  std::size_t bytes = sizeof(Message);
  for (const std::string& part : raw) bytes += sizeof part + part.size();
  messages_.push_back({number, std::move(raw), bytes});
  bytes_ += bytes;
  while (messages_.size() > messages_max || bytes_ > bytes_max) {
    bytes_ -= messages_.front().bytes;
    messages_.pop_front();
  }
}

void MessageRing::each(std::uint64_t first, std::uint64_t last,
                       const std::function<void(std::uint64_t, const Raw&)>& use) const {
  auto message = std::ranges::lower_bound(messages_, first, {}, &Message::number);
  for (; message != messages_.end() && message->number <= last; ++message) use(message->number, message->raw);
}

}  // namespace relay
