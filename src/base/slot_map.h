#pragma once
// Objects named by a number that is never used twice: what an asynchronous answer keeps instead of a pointer.
// A handle whose object is gone finds nothing.
//
// Threading: bound to one worker.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace relay {

using Handle = std::uint64_t;
inline constexpr Handle no_handle = 0;

template <typename Object>
class SlotMap {
 public:
  // `object` is borrowed and must be erased before it dies.
  [[nodiscard]] Handle insert(Object& object) {
    if (free_.empty()) {
      slots_.push_back({&object, 1});
      return handle_of(slots_.size() - 1);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].object = &object;
    return handle_of(index);
  }

  void erase(Handle handle) {
    if (find(handle) == nullptr) return;
    const auto index = static_cast<std::uint32_t>(handle);
    slots_[index].object = nullptr;
    ++slots_[index].generation;
    free_.push_back(index);
  }

  // Null when the object was erased.
  [[nodiscard]] Object* find(Handle handle) const noexcept {
    const auto index = static_cast<std::uint32_t>(handle);
    if (index >= slots_.size() || slots_[index].generation != handle >> 32U) return nullptr;
    return slots_[index].object;
  }

  [[nodiscard]] std::size_t size() const noexcept { return slots_.size() - free_.size(); }

  // Slots that were ever used; some may be empty.
  [[nodiscard]] std::size_t slots_count() const noexcept { return slots_.size(); }
  // Null for an empty slot. `index` below slots_count().
  [[nodiscard]] Object* at_slot(std::size_t index) const noexcept { return slots_[index].object; }

  template <typename Function>
  void for_each(Function&& function) const {
    for (const Slot& slot : slots_) {
      if (slot.object != nullptr) function(*slot.object);
    }
  }

 private:
  struct Slot {
    Object* object;
    std::uint32_t generation;  // part of the handle, from 1, so that no handle is zero
  };

  [[nodiscard]] Handle handle_of(std::size_t index) const noexcept {
    return (static_cast<Handle>(slots_[index].generation) << 32U) | index;
  }

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace relay
