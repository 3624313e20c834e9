#include "hub/receipt_book.h"

#include <optional>

#include <gtest/gtest.h>

namespace relay {
namespace {

using std::chrono::milliseconds;

class ReceiptBookTest : public ::testing::Test {
 protected:
  void await(Handle ticket, Position position, std::size_t recipients) {
    book_.await(ticket, position, recipients, loop_.now() + milliseconds(500),
                [this](const ReceiptReport& report) { report_ = report; });
  }
  void pass(milliseconds time) {
    clock_.advance(time);
    loop_.update_now();
    loop_.timers().advance(loop_.now());
  }

  ManualClock clock_;
  EventLoop loop_{clock_, milliseconds(10)};
  std::atomic<unsigned> open_{0};
  ReceiptBook book_{loop_, open_};
  std::optional<ReceiptReport> report_;
};

TEST_F(ReceiptBookTest, ReportsWhenAllHaveConfirmed) {
  ASSERT_TRUE(book_.open(1));
  EXPECT_EQ(open_, 1U);
  book_.add_recipients(1, {{"~a", "ann"}, {"~b", "bob"}});
  await(1, 10, 2);
  book_.confirm(1, "~a");
  book_.confirm(1, "~a");
  EXPECT_FALSE(report_) << "one of them, twice";
  book_.confirm(1, "~b");
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->confirmed, 2U);
  EXPECT_TRUE(report_->missing.empty());
  EXPECT_EQ(open_, 0U);
}

TEST_F(ReceiptBookTest, WaitsForRecipientsThatItHasNotHeardOfYet) {
  ASSERT_TRUE(book_.open(1));
  book_.add_recipients(1, {{"~a", "ann"}});
  book_.confirm(1, "~a");
  await(1, 10, 2);
  EXPECT_FALSE(report_) << "another worker names the second one soon";
  book_.add_recipients(1, {{"~b", "bob"}});
  book_.confirm(1, "~b");
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->confirmed, 2U);
}

TEST_F(ReceiptBookTest, NamesWhoIsMissingWhenTheTimeIsOver) {
  ASSERT_TRUE(book_.open(1));
  book_.add_recipients(1, {{"~a", "ann"}, {"~b", "bob"}});
  await(1, 10, 2);
  book_.confirm(1, "~b");
  pass(milliseconds(400));
  EXPECT_FALSE(report_);
  pass(milliseconds(200));
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->confirmed, 1U);
  ASSERT_EQ(report_->missing.size(), 1U);
  EXPECT_EQ(report_->missing[0].socket_id, "~a");
  EXPECT_EQ(report_->missing[0].owner, "ann");
  book_.confirm(1, "~a");  // too late, and nobody is harmed
}

TEST_F(ReceiptBookTest, NamesAHundredAtMost) {
  ASSERT_TRUE(book_.open(1));
  std::vector<Recipient> many;
  for (int i = 0; i < 150; ++i) many.push_back({"~" + std::to_string(i), "ann"});
  book_.add_recipients(1, std::move(many));
  await(1, 10, 150);
  pass(milliseconds(600));
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->missing.size(), 100U);
}

TEST_F(ReceiptBookTest, ASocketThatComesBackConfirmsUpToWhereItIs) {
  ASSERT_TRUE(book_.open(1));
  book_.add_recipients(1, {{"~a", "ann"}});
  await(1, 10, 1);
  book_.confirm_up_to("~a", 9);
  EXPECT_FALSE(report_) << "it has not got that one";
  book_.confirm_up_to("~b", 20);
  EXPECT_FALSE(report_) << "it is another socket";
  book_.confirm_up_to("~a", 10);
  EXPECT_TRUE(report_);
}

TEST_F(ReceiptBookTest, WithNobodyToWaitForItReportsAtOnce) {
  ASSERT_TRUE(book_.open(1));
  await(1, 10, 0);
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->confirmed, 0U);
}

TEST_F(ReceiptBookTest, ReportsAllWhenNobodyWillConfirmAnyMore) {
  ASSERT_TRUE(book_.open(1));
  ASSERT_TRUE(book_.open(2)) << "its publish is not accepted yet";
  book_.add_recipients(1, {{"~a", "ann"}});
  await(1, 10, 1);
  book_.finish_all();
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->missing.size(), 1U);
  EXPECT_EQ(book_.size(), 1U);
}

TEST_F(ReceiptBookTest, IsBounded) {
  for (Handle ticket = 1; ticket <= ReceiptBook::receipts_max; ++ticket) ASSERT_TRUE(book_.open(ticket));
  EXPECT_FALSE(book_.open(5000));
  book_.abandon(1);
  EXPECT_TRUE(book_.open(5000));
  EXPECT_EQ(book_.probe().refused.value(), 1U);
  book_.add_recipients(2, std::vector<Recipient>(ReceiptBook::recipients_max));
  book_.abandon(3);
  EXPECT_FALSE(book_.open(6000));
  book_.abandon(2);
  EXPECT_TRUE(book_.open(6000));
}

}  // namespace
}  // namespace relay
