#include "base/log.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

namespace relay {
namespace {

class LogTest : public ::testing::Test {
 protected:
  LogTest() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~LogTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  std::string read_all() {
    EXPECT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
    std::string text;
    std::array<char, 65536> chunk{};
    for (ssize_t got = 0; (got = read(ends_[0], chunk.data(), chunk.size())) > 0;) {
      text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

  Log::Options options(LogFormat format = LogFormat::json) {
    return {.level = LogLevel::info, .format = format, .node = "n1", .descriptor = ends_[1]};
  }

  std::array<int, 2> ends_{};
  ManualClock clock_;
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  {
    Log log(options(), clock_);
    log.info("event published",
             {{"room", "a\"b\n\x1b"}, {"recipients", 3}, {"latencyMs", 0.25}, {"duplicate", true}});
  }
  EXPECT_EQ(
      read_all(),
      R"({"level":"info","time":1700003600000,"msg":"event published","node":"n1","room":"a\"b\u000a\u001b",)"
      R"("recipients":3,"latencyMs":0.250,"duplicate":true})"
      "\n");
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  {
    Log log(options(), clock_);
    log.debug("quiet");
    log.set_level(LogLevel::debug);
    log.debug("heard");
  }
  const std::string text = read_all();
  EXPECT_EQ(text.find("quiet"), std::string::npos);
  EXPECT_NE(text.find("heard"), std::string::npos);
}

TEST_F(LogTest, PrettyLinesAreNotJson) {
  {
    Log log(options(LogFormat::pretty), clock_);
    log.warn("redis lost", {{"attempt", 2}});
  }
  EXPECT_EQ(read_all(), "23:13:20.000 warn  redis lost attempt=2\n");
}

TEST_F(LogTest, DropsAndCountsWhatAReaderThatDoesNotReadCannotTake) {
  {
    Log log(options(), clock_);
    const std::string room(60'000, 'r');
    for (int i = 0; i < 400; ++i) log.info("long", {{"room", room}});
    EXPECT_GT(log.dropped_lines(), 0U);
  }
  EXPECT_NE(read_all().find("long"), std::string::npos);
}

TEST_F(LogTest, FlushHandsOverWhatWasWritten) {
  Log log(options(), clock_);
  log.info("now");
  log.flush();
  EXPECT_NE(read_all().find("\"now\""), std::string::npos);
}

}  // namespace
}  // namespace relay
