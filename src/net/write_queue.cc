#include "net/write_queue.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace relay {

struct WriteQueue::Block {
  static constexpr std::uint32_t frames_max = 14;

  Block* next = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::array<Frame, frames_max> frames;
};

struct WriteQueue::FreeBlocks {
  static constexpr std::size_t blocks_max = 16384;  // 2 MiB a thread

  FreeBlocks() = default;
  ~FreeBlocks() {
    while (first != nullptr) delete std::exchange(first, first->next);
  }
  FreeBlocks(const FreeBlocks&) = delete;
  FreeBlocks& operator=(const FreeBlocks&) = delete;

  static FreeBlocks& of_this_thread() {
    thread_local FreeBlocks blocks;
    return blocks;
  }

  Block* take() {
    if (first == nullptr) return new Block;
    Block* const block = std::exchange(first, first->next);
    --count;
    block->next = nullptr;
    block->begin = 0;
    block->end = 0;
    return block;
  }

  void give(Block* block) noexcept {
    if (count == blocks_max) {
      delete block;
      return;
    }
    block->next = first;
    first = block;
    ++count;
  }

  Block* first = nullptr;
  std::size_t count = 0;
};

void WriteQueue::push(Frame frame) {
  if (last_ == nullptr || last_->end == Block::frames_max) {
    Block* const block = FreeBlocks::of_this_thread().take();
    (last_ == nullptr ? first_ : last_->next) = block;
    last_ = block;
  }
  bytes_ += frame.size();
  last_->frames[last_->end++] = std::move(frame);
}

std::size_t WriteQueue::gather(std::span<iovec> out) const {
  std::size_t filled = 0;
  std::size_t skip = front_sent_;
  for (const Block* block = first_; block != nullptr; block = block->next) {
    for (std::uint32_t i = block->begin; i < block->end; ++i) {
      if (filled == out.size()) return filled;
      const std::string& bytes = block->frames[i].packet().bytes;
      // writev takes mutable memory although it only reads it.
      out[filled++] = {const_cast<char*>(bytes.data()) + skip, bytes.size() - skip};
      skip = 0;
    }
  }
  return filled;
}

std::size_t WriteQueue::copy_front(std::span<char> out) const {
  std::size_t copied = 0;
  std::size_t skip = front_sent_;
  for (const Block* block = first_; block != nullptr; block = block->next) {
    for (std::uint32_t i = block->begin; i < block->end; ++i) {
      const std::string& bytes = block->frames[i].packet().bytes;
      const std::size_t size = bytes.size() - skip;
      if (size > out.size() - copied) return copied;
      std::memcpy(out.data() + copied, bytes.data() + skip, size);
      copied += size;
      skip = 0;
    }
  }
  return copied;
}

void WriteQueue::drop_front() noexcept {
  first_->frames[first_->begin++] = Frame();
  front_sent_ = 0;
  if (first_->begin < first_->end) return;
  Block* const empty = std::exchange(first_, first_->next);
  if (first_ == nullptr) last_ = nullptr;
  FreeBlocks::of_this_thread().give(empty);
}

void WriteQueue::consume(std::size_t sent) {
  RELAY_DCHECK(sent <= bytes_);
  bytes_ -= sent;
  while (sent > 0) {
    const std::size_t left = first_->frames[first_->begin].size() - front_sent_;
    if (sent < left) {
      front_sent_ += sent;
      return;
    }
    sent -= left;
    drop_front();
  }
}

Frame WriteQueue::pop_front() {
  RELAY_DCHECK(first_ != nullptr && front_sent_ == 0);
  Frame frame = first_->frames[first_->begin];
  bytes_ -= frame.size();
  drop_front();
  return frame;
}

void WriteQueue::clear() noexcept {
  while (first_ != nullptr) drop_front();
  bytes_ = 0;
}

}  // namespace relay
