#pragma once
// What a connection has still to write: shared frames, in order, by reference.
//
// An empty queue owns nothing. A queue that is used takes blocks from a pool of its thread and gives them
// back, so that a delivery to a thousand sockets touches the heap for none of them. The queue has no bound of
// its own: its owner knows what its client may pile up, and bytes() is what it compares.
//
// Threading: bound to one worker.

#include <cstddef>
#include <span>

#include <sys/uio.h>

#include "net/frame.h"

namespace relay {

class WriteQueue {
 public:
  WriteQueue() noexcept = default;
  ~WriteQueue() { clear(); }
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  [[nodiscard]] bool empty() const noexcept { return bytes_ == 0; }
  // Unsent bytes, of the first frame only what is left of it.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  void push(Frame frame);

  // The front of the queue as memory, for one gathered write. Returns how many parts were filled.
  [[nodiscard]] std::size_t gather(std::span<iovec> out) const;
  // Copies whole frames from the front as long as they fit; what the kernel does with many small parts costs
  // more than the copy. Returns the bytes copied: 0 when the first does not fit.
  [[nodiscard]] std::size_t copy_front(std::span<char> out) const;
  // `sent` bytes have left; at most bytes().
  void consume(std::size_t sent);

  // The first frame, whole, out of the queue. Only when nothing of it was consumed and the queue is not
  // empty.
  [[nodiscard]] Frame pop_front();

  void clear() noexcept;

 private:
  struct Block;
  struct FreeBlocks;

  void drop_front() noexcept;

  Block* first_ = nullptr;
  Block* last_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t front_sent_ = 0;  // of the first frame
};

}  // namespace relay
