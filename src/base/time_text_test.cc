#include "base/time_text.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

std::string text_of(std::chrono::milliseconds since_epoch) {
  const TimeText text = format_rfc3339(WallTime(since_epoch));
  return {text.begin(), text.end()};
}

TEST(TimeText, IsUtcWithMilliseconds) {
  EXPECT_EQ(text_of(std::chrono::milliseconds(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text_of(std::chrono::milliseconds(1'769'860'800'007)), "2026-01-31T12:00:00.007Z");
  EXPECT_EQ(text_of(std::chrono::milliseconds(951'827'696'789)), "2000-02-29T12:34:56.789Z");
}

TEST(TimeText, TakesEveryRfc3339Form) {
  for (const char* text : {"2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T12:00:00.5+02:00",
                           "2020-02-29T23:59:60.123456789-23:59"}) {
    EXPECT_TRUE(is_rfc3339(text)) << text;
  }
}

TEST(TimeText, RefusesWhatIsNotADateTime) {
  for (const char* text :
       {"", "yesterday", "2026-01-31", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2021-02-29T00:00:00Z",
        "2026-01-31T12:00:00", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:61Z",
        "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+2:00", "2026-01-31T12:00:00Zx", "2026-1-31T12:00:00Z",
        " 2026-01-31T12:00:00Z", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00+24:00"}) {
    EXPECT_FALSE(is_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace relay
