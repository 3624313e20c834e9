#include "net/write_queue.h"

#include <array>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace relay {
namespace {

Frame frame_of(std::string_view payload) {
  return Frame(encode_packet(payload));
}

std::string front_of(const WriteQueue& queue, std::size_t parts) {
  std::vector<iovec> vectors(parts);
  const std::size_t filled = queue.gather(vectors);
  std::string text;
  for (std::size_t i = 0; i < filled; ++i) {
    text.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
  }
  return text;
}

TEST(EncodedPacket, IsAWholeFrameWhosePayloadFollowsTheHeader) {
  const auto small = encode_packet("42[\"a\"]");
  EXPECT_EQ(small->bytes, std::string("\x81\x07") + "42[\"a\"]");
  EXPECT_EQ(small->payload(), "42[\"a\"]");

  const auto large = encode_packet(std::string(70'000, 'x'), true);
  EXPECT_EQ(large->header_size, 10);
  EXPECT_EQ(static_cast<unsigned char>(large->bytes[0]), 0x82);
  EXPECT_EQ(large->payload().size(), 70'000U);
}

// The queue against a plain string: the same pushes and partial writes must leave the same bytes.
TEST(WriteQueue, IsAStringThatIsConsumedFromTheFront) {
  std::mt19937 random(3);
  WriteQueue queue;
  std::string model;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 3 != 0) {
      const Frame frame = frame_of(std::string(random() % 200, static_cast<char>('a' + random() % 26)));
      model += frame.packet().bytes;
      queue.push(frame);
    } else {
      const std::size_t sent = model.empty() ? 0 : random() % (std::min<std::size_t>(model.size(), 900) + 1);
      queue.consume(sent);
      model.erase(0, sent);
    }
    ASSERT_EQ(queue.bytes(), model.size());
    ASSERT_EQ(front_of(queue, 8), model.substr(0, front_of(queue, 8).size()));
    std::array<char, 700> copy{};
    const std::size_t copied = queue.copy_front(copy);
    ASSERT_EQ(std::string_view(copy.data(), copied), std::string_view(model).substr(0, copied));
  }
}

TEST(WriteQueue, GivesWholeFramesToALongPollingClient) {
  WriteQueue queue;
  queue.push(frame_of("one"));
  queue.push(frame_of("two"));

  EXPECT_EQ(queue.pop_front().packet().payload(), "one");
  EXPECT_EQ(queue.pop_front().packet().payload(), "two");
  EXPECT_TRUE(queue.empty());
}

TEST(WriteQueue, SharesAFrameWithoutCopyingIt) {
  const EncodedPacketPtr packet = encode_packet("shared");
  {
    const Frame frame(packet);
    WriteQueue first;
    WriteQueue second;
    first.push(frame);
    second.push(frame);
    EXPECT_EQ(packet.use_count(), 2);  // one for the worker, however many recipients
  }
  EXPECT_EQ(packet.use_count(), 1);
}

}  // namespace
}  // namespace relay
