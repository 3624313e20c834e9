#pragma once
// The last numbered messages as they came from the bus, for other relays that have missed some.
//
// Bounds: messages_max and bytes_max; the oldest go first.
//
// Threading: a value of its owner.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace relay {

class MessageRing {
 public:
  static constexpr std::size_t messages_max = 65'536;
  static constexpr std::size_t bytes_max = 8 * 1024 * 1024;

  // What it takes to judge a message again: with pub/sub its channel and payload, with streams the entry's id
  // and its fields, name and value in turn.
  using Raw = std::vector<std::string>;

  // `number` is above all before it; after one that is not, the ring begins anew.
  void add(std::uint64_t number, Raw raw);
  // Calls with those that are there, from `first` to `last`, in order.
  void each(std::uint64_t first, std::uint64_t last,
            const std::function<void(std::uint64_t, const Raw&)>& use) const;
  [[nodiscard]] std::size_t size() const noexcept { return messages_.size(); }

 private:
  struct Message {
    std::uint64_t number;
    Raw raw;
    std::size_t bytes;
  };

  std::deque<Message> messages_;
  std::size_t bytes_ = 0;
};

}  // namespace relay
