#include "cluster/raw_messages.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

using namespace std::string_literals;

TEST(RawMessages, ComeBackAsTheyWere) {
  const std::vector<MessageRing::Raw> messages{{"a#/#", "\0\x93:1:"s}, {}, {"1-0", "uid", "", "p", "7"}};
  std::string bytes;
  for (const auto& raw : messages) append_raw_message(bytes, raw);
  EXPECT_EQ(read_raw_messages(bytes), messages);
  EXPECT_EQ(read_raw_messages("").value().size(), 0U);
}

TEST(RawMessages, RefusesWhatIsNoList) {
  for (const std::string_view bytes : {"1", "1:", "1:5:abc", "x:", "-1:", ":", "1:2:ab:", "257:", "2:1:a",
                                       "99999999999999999999:", "1:18446744073709551615:a"}) {
    EXPECT_FALSE(read_raw_messages(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace relay
