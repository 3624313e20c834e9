#include "net/event_loop.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <unistd.h>

namespace relay {
namespace {

using std::chrono::milliseconds;

class Recorder final : public LoopObject {
 public:
  Recorder(std::vector<std::string>& events, std::string name) : events_(events), name_(std::move(name)) {}
  ~Recorder() override { events_.push_back(name_ + " dies"); }
  void on_io(std::uint32_t) override { events_.push_back(name_ + " io"); }
  void flush() override { events_.push_back(name_ + " flush"); }

 private:
  std::vector<std::string>& events_;
  std::string name_;
};

class EventLoopTest : public ::testing::Test {
 protected:
  SystemClock clock_;
  EventLoop loop_{clock_, milliseconds(1)};
  std::vector<std::string> events_;
};

TEST_F(EventLoopTest, AWakeFromAnotherThreadEndsTheWait) {
  std::thread other([this] { loop_.wake(); });

  loop_.wait(milliseconds(10'000));  // would be the test's end if it were not woken
  loop_.dispatch();

  other.join();
  EXPECT_LT(clock_.steady() - loop_.now(), std::chrono::seconds(5));
}

TEST_F(EventLoopTest, FlushesOnceHoweverOftenAnObjectWasMarked) {
  Recorder object(events_, "a");
  loop_.mark_dirty(object);
  loop_.mark_dirty(object);

  loop_.flush_dirty();
  loop_.flush_dirty();

  EXPECT_EQ(events_, std::vector<std::string>{"a flush"});
}

TEST_F(EventLoopTest, AnObjectLivesToTheEndOfTheTurnInWhichItClosed) {
  auto owned = std::make_unique<Recorder>(events_, "a");
  loop_.mark_dirty(*owned);
  loop_.destroy_later(std::move(owned));

  loop_.flush_dirty();
  loop_.destroy_closed();

  EXPECT_EQ(events_, (std::vector<std::string>{"a flush", "a dies"}));
}

TEST_F(EventLoopTest, WhatIsContinuedIsCalledWithoutWaiting) {
  Recorder object(events_, "a");
  loop_.continue_later(object);
  loop_.continue_later(object);

  loop_.wait(milliseconds(10'000));
  loop_.dispatch();

  EXPECT_EQ(events_, std::vector<std::string>{"a io"});
}

TEST_F(EventLoopTest, ADeadObjectIsNotContinued) {
  auto owned = std::make_unique<Recorder>(events_, "a");
  loop_.continue_later(*owned);
  loop_.destroy_later(std::move(owned));
  loop_.destroy_closed();

  loop_.wait(milliseconds(0));
  loop_.dispatch();

  EXPECT_EQ(events_, std::vector<std::string>{"a dies"});
}

TEST_F(EventLoopTest, HandsReadinessToWhoWatchesTheDescriptor) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  Recorder first(events_, "first");
  Recorder second(events_, "second");
  ASSERT_TRUE(loop_.add(ends[0], first));
  loop_.hand_to(ends[0], second);
  ASSERT_EQ(write(ends[1], "x", 1), 1);

  loop_.wait(milliseconds(10'000));
  loop_.dispatch();

  EXPECT_EQ(events_, std::vector<std::string>{"second io"});
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace relay
