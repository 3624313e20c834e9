#pragma once
// Remembers the thread an object belongs to, so that "bound to one worker" in a header is something that the
// debug build checks and not only a comment.

#include <thread>

namespace relay {

class ThreadBound {
 public:
  // The first thread to ask becomes the owner: main() builds the workers, and each worker's thread then
  // claims what it runs.
  [[nodiscard]] bool on_owner_thread() const noexcept {
    if (owner_ == std::thread::id()) owner_ = std::this_thread::get_id();
    return owner_ == std::this_thread::get_id();
  }

 private:
  mutable std::thread::id owner_;
};

}  // namespace relay
