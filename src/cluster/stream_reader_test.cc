#include "cluster/stream_reader.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "redis/redis_connection_fixture.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

// One stream, `bus`, with a reader; `connection_` is somebody else's, who writes.
class StreamReaderTest : public RedisConnectionFixture, public StreamListener {
 protected:
  void SetUp() override {
    RedisConnectionFixture::SetUp();
    ASSERT_TRUE(server_.runs()) << server_.output();
    ASSERT_TRUE(connect(server_));
  }
  void TearDown() override { reader_.reset(); }

  void on_stream_entry(MessageRing::Raw entry) override {
    EXPECT_EQ(entry.at(1), "t");
    heard_.push_back(entry.at(2));
  }
  void on_stream_live() override { heard_.emplace_back("(live)"); }
  void on_stream_changed() override { heard_.emplace_back("(changed)"); }
  void on_stream_down(bool was_up, std::string_view reason) override {
    ++downs_;
    was_up_ = was_up;
    reason_ = reason;
  }

  void start(milliseconds history = std::chrono::minutes(10)) {
    StreamListener& listener = *this;
    reader_ = std::make_unique<StreamReader>(
        loop_,
        RedisLinkOptions{.url = {.endpoints = {server_.endpoint()}},
                         .backoff = {.first_ceiling = milliseconds(2), .ceiling_max = milliseconds(10)}},
        "bus", history, listener);
    reader_->start();
  }
  // An id of so long ago.
  std::string id_of(milliseconds age, int sequence = 0) {
    const auto time = std::chrono::duration_cast<milliseconds>(start_ - age);
    return std::to_string(time.count()) + '-' + std::to_string(sequence);
  }
  void add(const std::string& id, const std::string& text) {
    const RedisReply reply = ask({"XADD", "bus", id, "t", text});
    ASSERT_TRUE(reply.is_ok()) << reply.text;
  }
  bool await_heard(const Texts& expected) {
    static_cast<void>(run_until([&] { return heard_.size() >= expected.size(); }));
    EXPECT_EQ(heard_, expected);
    return heard_ == expected;
  }
  // Ends the reader's connection and does this before it can come back.
  void while_it_is_away(const std::vector<RedisCommand>& commands) {
    const int before = downs_;
    static_cast<void>(connection_->send({"MULTI"}, {}));
    static_cast<void>(connection_->send({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}, {}));
    for (const RedisCommand& command : commands) static_cast<void>(connection_->send(command, {}));
    const RedisReply reply = ask({"EXEC"});
    ASSERT_EQ(reply.elements.size(), commands.size() + 1) << reply.text;
    for (const RedisReply& element : reply.elements) EXPECT_TRUE(element.is_ok()) << element.text;
    ASSERT_TRUE(run_until([&] { return downs_ > before; }));
    EXPECT_TRUE(was_up_);
  }

  const RedisServer server_;
  const std::chrono::system_clock::duration start_ = std::chrono::system_clock::now().time_since_epoch();
  std::unique_ptr<StreamReader> reader_;
  Texts heard_;
  int downs_ = 0;
  bool was_up_ = false;
  std::string reason_;
};

// ---- the first reading

TEST_F(StreamReaderTest, ReadsWhatIsRetainedAndThenWhatComes) {
  add(id_of(milliseconds(100)), "one");
  add(id_of(milliseconds(100), 1), "two");
  start();
  ASSERT_TRUE(await_heard({"one", "two", "(live)"}));
  add("*", "three");
  add("*", "four");
  EXPECT_TRUE(await_heard({"one", "two", "(live)", "three", "four"}));
  EXPECT_TRUE(reader_->is_up());
}

TEST_F(StreamReaderTest, GoesBackAsFarAsItIsTold) {
  add(id_of(milliseconds(90'000)), "too old");
  add(id_of(milliseconds(30'000)), "young enough");
  start(milliseconds(60'000));
  EXPECT_TRUE(await_heard({"young enough", "(live)"}));
}

TEST_F(StreamReaderTest, AStreamOfOldEntriesIsReadOnFromItsEnd) {
  add(id_of(milliseconds(90'000)), "too old");
  start(milliseconds(60'000));
  ASSERT_TRUE(await_heard({"(live)"}));
  add("*", "new");
  EXPECT_TRUE(await_heard({"(live)", "new"}));
}

TEST_F(StreamReaderTest, AStreamThatIsNotThereYetIsLive) {
  start();
  ASSERT_TRUE(await_heard({"(live)"}));
  add("*", "first");
  EXPECT_TRUE(await_heard({"(live)", "first"}));
}

TEST_F(StreamReaderTest, ALongHistoryComesWholeAndInOrder) {
  constexpr int entries = 2 * static_cast<int>(StreamReader::entries_per_read) + 7;
  Texts expected;
  for (int i = 0; i < entries; ++i) {
    expected.push_back(std::to_string(i));
    static_cast<void>(
        connection_->send({"XADD", "bus", id_of(milliseconds(100), i + 1), "t", expected.back()}, {}));
  }
  expected.emplace_back("(live)");
  ASSERT_TRUE(ask({"PING"}).is_ok());
  start();
  EXPECT_TRUE(await_heard(expected));
}

// ---- live

TEST_F(StreamReaderTest, GoesOnWaitingWhenNothingComes) {
  start();
  ASSERT_TRUE(await_heard({"(live)"}));
  ASSERT_TRUE(run_until([&] {
    return ask({"INFO", "commandstats"}).text.contains("cmdstat_xread:calls=2");
  })) << "one wait has ended";
  add("*", "late");
  EXPECT_TRUE(await_heard({"(live)", "late"}));
  EXPECT_EQ(downs_, 0);
}

TEST_F(StreamReaderTest, ABurstIsReadInParts) {
  start();
  ASSERT_TRUE(await_heard({"(live)"}));
  Texts expected{"(live)"};
  static_cast<void>(connection_->send({"MULTI"}, {}));
  for (std::size_t i = 0; i < StreamReader::entries_per_read + 100; ++i) {
    expected.push_back(std::to_string(i));
    static_cast<void>(connection_->send({"XADD", "bus", "*", "t", expected.back()}, {}));
  }
  static_cast<void>(connection_->send({"EXEC"}, {}));
  EXPECT_TRUE(await_heard(expected));
}

TEST_F(StreamReaderTest, AfterAStopNothingIsHeard) {
  start();
  ASSERT_TRUE(await_heard({"(live)"}));
  reader_->stop();
  add("*", "one");
  turn();
  EXPECT_EQ(heard_, Texts{"(live)"});
  EXPECT_EQ(downs_, 0);
}

// ---- again

TEST_F(StreamReaderTest, GoesOnBehindTheLastEntryThatItRead) {
  add(id_of(milliseconds(100)), "one");
  start();
  ASSERT_TRUE(await_heard({"one", "(live)"}));
  while_it_is_away({{"XADD", "bus", "*", "t", "two"}, {"XADD", "bus", "*", "t", "three"}});
  ASSERT_TRUE(await_heard({"one", "(live)", "(live)", "two", "three"}));
  while_it_is_away({{"XADD", "bus", "*", "t", "four"}});
  EXPECT_TRUE(await_heard({"one", "(live)", "(live)", "two", "three", "(live)", "four"}));
}

TEST_F(StreamReaderTest, WhatItNeverHadIsReadFromTheBeginning) {
  start();
  ASSERT_TRUE(await_heard({"(live)"}));
  while_it_is_away({{"XADD", "bus", "*", "t", "one"}});
  EXPECT_TRUE(await_heard({"(live)", "(live)", "one"}));
}

TEST_F(StreamReaderTest, AStreamThatWasTrimmedIsTheSameStream) {
  add(id_of(milliseconds(100)), "one");
  start();
  ASSERT_TRUE(await_heard({"one", "(live)"}));
  while_it_is_away({{"XADD", "bus", "*", "t", "trimmed"},
                    {"XADD", "bus", "*", "t", "three"},
                    {"XTRIM", "bus", "MAXLEN", "1"}});
  EXPECT_TRUE(await_heard({"one", "(live)", "(live)", "three"})) << "the numbers tell what is missing";
}

TEST_F(StreamReaderTest, AStreamThatIsGoneHasChanged) {
  add(id_of(milliseconds(100)), "one");
  start();
  ASSERT_TRUE(await_heard({"one", "(live)"}));
  while_it_is_away({{"DEL", "bus"}});
  ASSERT_TRUE(await_heard({"one", "(live)", "(changed)", "(live)"}));
  add("*", "two");
  EXPECT_TRUE(await_heard({"one", "(live)", "(changed)", "(live)", "two"}));
}

TEST_F(StreamReaderTest, AStreamThatLostItsEndHasChangedAndIsReadFromAMinuteBefore) {
  add(id_of(milliseconds(100'000)), "long ago");
  add(id_of(milliseconds(30'000)), "before");
  add(id_of(milliseconds(10'000)), "lost");
  start();
  ASSERT_TRUE(await_heard({"long ago", "before", "lost", "(live)"}));
  while_it_is_away({{"DEL", "bus"},
                    {"XADD", "bus", id_of(milliseconds(100'000)), "t", "long ago"},
                    {"XADD", "bus", id_of(milliseconds(30'000)), "t", "before"},
                    {"XADD", "bus", id_of(milliseconds(20'000)), "t", "another"}});
  EXPECT_TRUE(
      await_heard({"long ago", "before", "lost", "(live)", "(changed)", "(live)", "before", "another"}));
}

TEST_F(StreamReaderTest, AStreamWithoutItsLastEntryButWithOlderOnesHasChanged) {
  add(id_of(milliseconds(30'000)), "before");
  add(id_of(milliseconds(10'000)), "lost");
  start();
  ASSERT_TRUE(await_heard({"before", "lost", "(live)"}));
  while_it_is_away({{"XDEL", "bus", id_of(milliseconds(10'000))}, {"XADD", "bus", "*", "t", "new"}});
  EXPECT_TRUE(await_heard({"before", "lost", "(live)", "(changed)", "(live)", "before", "new"}));
}

// ---- what is no stream

TEST_F(StreamReaderTest, AKeyOfAnotherTypeIsSaidAndTriedAgain) {
  ASSERT_TRUE(ask({"SET", "bus", "x"}).is_ok());
  start();
  ASSERT_TRUE(run_until([&] { return downs_ >= 2; }));
  EXPECT_TRUE(reason_.starts_with("WRONGTYPE")) << reason_;
  EXPECT_TRUE(heard_.empty());

  ASSERT_TRUE(ask({"DEL", "bus"}).is_ok());
  EXPECT_TRUE(await_heard({"(live)"}));
}

TEST_F(StreamReaderTest, AKeyThatBecomesAnotherTypeIsSaidToo) {
  add(id_of(milliseconds(100)), "one");
  start();
  ASSERT_TRUE(await_heard({"one", "(live)"}));
  while_it_is_away({{"SET", "bus", "x"}});
  ASSERT_TRUE(run_until([&] { return reason_.starts_with("WRONGTYPE"); }));
  ASSERT_TRUE(ask({"DEL", "bus"}).is_ok());
  EXPECT_TRUE(await_heard({"one", "(live)", "(changed)", "(live)"}));
}

TEST_F(StreamReaderTest, AnEntryFromBeyondAllTimesIsNotReadPast) {
  add("4398046511104-0", "one");
  start();
  ASSERT_TRUE(run_until([&] { return downs_ >= 1; }));
  EXPECT_EQ(reason_, "an entry of the stream has no proper id");
}

TEST_F(StreamReaderTest, AnIdFarAheadOfAllClocksIsTakenOnlyWhenItComesAgain) {
  add(id_of(milliseconds(100)), "one");
  start();
  ASSERT_TRUE(await_heard({"one", "(live)"}));
  add(id_of(-std::chrono::hours(48)), "far");
  ASSERT_TRUE(run_until([&] { return downs_ == 1; }));
  EXPECT_EQ(reason_, "sent an entry whose id cannot be");
  EXPECT_TRUE(await_heard({"one", "(live)", "(live)", "far"})) << "it was no accident of the line";
}

TEST_F(StreamReaderTest, WhoWasMisledAheadGoesOnFromTheEndOfTheStream) {
  add(id_of(milliseconds(100)), "one");
  start();
  ASSERT_TRUE(await_heard({"one", "(live)"}));
  add(id_of(-std::chrono::hours(20)), "ahead");
  ASSERT_TRUE(await_heard({"one", "(live)", "ahead"}));
  while_it_is_away({{"DEL", "bus"}, {"XADD", "bus", "*", "t", "two"}});
  EXPECT_TRUE(await_heard({"one", "(live)", "ahead", "(changed)", "(live)", "two"}));
}

TEST_F(StreamReaderTest, MayBeDroppedByItsListener) {
  start();
  ASSERT_TRUE(await_heard({"(live)"}));
  reader_->drop("a test");
  EXPECT_EQ(downs_, 1);
  EXPECT_EQ(reason_, "a test");
  EXPECT_TRUE(await_heard({"(live)", "(live)"}));
}

}  // namespace
}  // namespace relay
