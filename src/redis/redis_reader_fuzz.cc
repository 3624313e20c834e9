// However the bytes are cut, the replies and the failure are the same, and the reader keeps to its limits.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

#include "redis/redis_reader.h"

namespace {

constexpr relay::RedisReaderLimits limits{.bulk_bytes_max = 64,
                                          .line_bytes_max = 48,
                                          .elements_max = 16,
                                          .reply_bytes_max = 128,
                                          .nesting_max = 4,
                                          .unparsed_bytes_max = 160};

struct Outcome {
  std::vector<relay::RedisReply> replies = {};
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

struct Size {
  std::size_t bytes = 0;
  std::size_t elements = 0;
};

void measure(const relay::RedisReply& reply, std::size_t depth, Size& size) {
  const bool is_array = reply.kind == relay::RedisReply::Kind::array;
  if (is_array && depth == limits.nesting_max) std::abort();
  size.bytes += reply.text.size();
  size.elements += reply.elements.size();
  for (const relay::RedisReply& element : reply.elements) measure(element, depth + 1, size);
}

// True when there was an error.
bool drain(relay::RedisReader& reader, Outcome& outcome) {
  for (;;) {
    auto reply = reader.next();
    if (!reply) return true;
    if (!*reply) return false;
    Size size;
    measure(**reply, 0, size);
    if (size.bytes > limits.reply_bytes_max || size.elements > limits.elements_max) std::abort();
    outcome.replies.push_back(**std::move(reply));
  }
}

template <typename NextStep>
Outcome read(std::string_view wire, NextStep next_step) {
  relay::RedisReader reader(limits);
  Outcome outcome;
  while (!wire.empty() && !outcome.failed) {
    const std::size_t taken = reader.feed(wire.substr(0, next_step()));
    if (taken == 0 || reader.unparsed_bytes() > limits.unparsed_bytes_max) std::abort();
    wire.remove_prefix(taken);
    outcome.failed = drain(reader, outcome);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data + 1), size - 1);
  std::minstd_rand random(data[0] + 1U);
  const Outcome whole = read(wire, [&] { return wire.size(); });
  const Outcome pieces = read(wire, [&] { return random() % 9 + 1; });
  if (!(whole == pieces)) std::abort();
  return 0;
}
