#pragma once
// Tells a message that was seen before, by its sender and number.
//
//     numbers of one sender:   ... seen or lost | 1 0 1 1 1 0 1 1 | not yet ...
//                                               '- numbers_count -' highest
//
// Numbers may come in any order within the window. What lies below it counts as seen: so a message that the
// bus holds back behind numbers_count later ones of its sender is lost.
//
// Bounds: senders_max; the one not heard for longest is forgotten then, and its old messages would pass
// again. They would, too, with a window that has just been made: it knows nothing of what came before it.
//
// Give it only messages whose MAC was good, or strangers fill it.
//
// Threading: a value of its owner.

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace relay {

class ReplayWindow {
 public:
  static constexpr std::size_t numbers_count = 4096;

  explicit ReplayWindow(std::size_t senders_max = 1024);
  ReplayWindow(const ReplayWindow&) = delete;
  ReplayWindow& operator=(const ReplayWindow&) = delete;

  // True the first time for a sender and number, and never again. The number 0, which is none, is false.
  [[nodiscard]] bool is_first(std::string_view sender, std::uint64_t number);

  [[nodiscard]] std::size_t senders_count() const noexcept { return senders_.size(); }

 private:
  struct Sender {
    std::string uid;
    std::uint64_t highest;
    std::bitset<numbers_count> seen;  // a number's bit is its remainder
  };
  using Senders = std::list<Sender>;

  Senders::iterator find_or_add(std::string_view uid);
  static void raise_highest(Sender& sender, std::uint64_t number);

  const std::size_t senders_max_;
  Senders senders_;  // the last heard first
  std::unordered_map<std::string_view, Senders::iterator> by_uid_;
};

}  // namespace relay
