#include "cluster/survey_book.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Answers = std::vector<SurveyAnswer>;
using Uids = std::vector<std::string>;

class SurveyBookTest : public testing::Test {
 protected:
  // Puts the result where the test sees how often it came.
  SurveyBook::Callback keep() {
    return [this](SurveyResult result) { results_.push_back(std::move(result)); };
  }
  SurveyBook::SurveyId open(SurveyBook& book, const Uids& uids) {
    return book.open(uids, start_ + seconds(5), keep()).value();
  }

  const SteadyTime start_{std::chrono::hours(1)};
  std::vector<SurveyResult> results_;
};

TEST_F(SurveyBookTest, EndsWithTheLastAnswer) {
  SurveyBook book;
  const auto id = open(book, {"b", "a"});

  book.answer(id, "b", {.bytes = "from b"});
  EXPECT_TRUE(results_.empty());
  book.answer(id, "a", {.bytes = ""});

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].answers, (Answers{{"a", ""}, {"b", "from b"}}));
  EXPECT_EQ(results_[0].missing, Uids{});
  EXPECT_EQ(book.open_count(), 0U);
}

TEST_F(SurveyBookTest, JoinsTheParts) {
  SurveyBook book;
  const auto id = open(book, {"a"});

  book.answer(id, "a", {.index = 0, .bytes = "one,", .is_last = false});
  book.answer(id, "a", {.index = 1, .bytes = "", .is_last = false});
  book.answer(id, "a", {.index = 2, .bytes = "two", .is_last = true});

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].answers, (Answers{{"a", "one,two"}}));
}

TEST_F(SurveyBookTest, TakesHalfAnAnswerForNone) {
  SurveyBook book;
  const auto with_gap = open(book, {"a"});
  book.answer(with_gap, "a", {.index = 0, .bytes = "one,", .is_last = false});
  book.answer(with_gap, "a", {.index = 2, .bytes = "three", .is_last = true});
  const auto unfinished = open(book, {"a"});
  book.answer(unfinished, "a", {.index = 0, .bytes = "one,", .is_last = false});
  book.tick(start_ + seconds(5));

  ASSERT_EQ(results_.size(), 2U);
  for (const SurveyResult& result : results_) {
    EXPECT_EQ(result.answers, Answers{});
    EXPECT_EQ(result.missing, Uids{"a"});
  }
}

TEST_F(SurveyBookTest, EndsAtItsDeadline) {
  SurveyBook book;
  const auto id = open(book, {"a", "b"});
  book.answer(id, "b", {.bytes = "from b"});

  book.tick(start_ + milliseconds(4'999));
  EXPECT_TRUE(results_.empty());
  book.tick(start_ + seconds(5));
  book.tick(start_ + seconds(6));

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].answers, (Answers{{"b", "from b"}}));
  EXPECT_EQ(results_[0].missing, Uids{"a"});
}

TEST_F(SurveyBookTest, DoesNotWaitForANodeThatDied) {
  SurveyBook book;
  const auto id = open(book, {"a", "b", "c"});
  const auto other = open(book, {"b"});
  book.answer(id, "a", {.bytes = "from a"});

  book.gone("a");
  book.gone("b");
  ASSERT_EQ(results_.size(), 1U);  // the other one
  EXPECT_EQ(results_[0].missing, Uids{"b"});
  book.answer(id, "c", {.bytes = "from c"});

  ASSERT_EQ(results_.size(), 2U);
  EXPECT_EQ(results_[1].answers, (Answers{{"a", "from a"}, {"c", "from c"}}));
  EXPECT_EQ(results_[1].missing, Uids{"b"});
  EXPECT_NE(id, other);
}

TEST_F(SurveyBookTest, IgnoresAndCountsAnswersNobodyWaitsFor) {
  SurveyBook book;
  const auto id = open(book, {"a", "b"});
  book.answer(id, "a", {.index = 0, .bytes = "one,", .is_last = false});

  book.answer(id, "c", {.bytes = "not asked"});
  book.answer(id, "a", {.index = 0, .bytes = "one,", .is_last = false});
  EXPECT_EQ(book.ignored_count(), 2U);
  book.answer(id, "a", {.index = 1, .bytes = "two"});
  book.answer(id, "a", {.index = 2, .bytes = "behind the last"});
  EXPECT_EQ(book.ignored_count(), 3U);
  book.gone("b");
  book.answer(id, "b", {.bytes = "late"});
  book.answer(0, "b", {.bytes = "no survey"});

  EXPECT_EQ(book.ignored_count(), 5U);
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].answers, (Answers{{"a", "one,two"}}));
}

TEST_F(SurveyBookTest, CountsANodeThatSaysTooMuchAsMissing) {
  SurveyBook book({.survey_bytes_max = 10, .parts_max = 2});
  const auto id = open(book, {"a", "b", "c"});
  book.answer(id, "a", {.index = 0, .bytes = "12345678", .is_last = false});

  book.answer(id, "a", {.index = 1, .bytes = "901", .is_last = true});
  book.answer(id, "b", {.index = 0, .bytes = "1234567890", .is_last = true});  // there is room again
  book.answer(id, "c", {.index = 0, .is_last = false});
  book.answer(id, "c", {.index = 1, .is_last = false});
  book.answer(id, "c", {.index = 2, .is_last = true});

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].answers, (Answers{{"b", "1234567890"}}));
  EXPECT_EQ(results_[0].missing, (Uids{"a", "c"}));
}

TEST_F(SurveyBookTest, BoundsTheBytesOfAllSurveys) {
  SurveyBook book({.survey_bytes_max = 10, .book_bytes_max = 15});
  const auto first = open(book, {"a", "b"});
  const auto second = open(book, {"a"});
  const auto third = open(book, {"a"});
  book.answer(first, "a", {.bytes = "1234567890"});

  book.answer(second, "a", {.bytes = "123456"});
  book.answer(first, "b", {.bytes = ""});
  book.answer(third, "a", {.bytes = "123456"});

  ASSERT_EQ(results_.size(), 3U);
  EXPECT_EQ(results_[0].missing, Uids{"a"});
  EXPECT_EQ(results_[1].answers, (Answers{{"a", "1234567890"}, {"b", ""}}));
  EXPECT_EQ(results_[2].answers, (Answers{{"a", "123456"}}));
}

TEST_F(SurveyBookTest, OpensNoMoreThanItsBound) {
  SurveyBook book;
  for (int i = 0; i < 1024; ++i) open(book, {"a"});

  EXPECT_EQ(book.open({"a"}, start_, keep()), std::nullopt);

  EXPECT_EQ(book.open_count(), 1024U);
  book.gone("a");
  EXPECT_EQ(results_.size(), 1024U);
  EXPECT_TRUE(book.open({"a"}, start_, keep()));
}

TEST_F(SurveyBookTest, EndsAtOnceIfThereIsNobodyToAsk) {
  SurveyBook book;

  open(book, {});

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_TRUE(results_[0].answers.empty() && results_[0].missing.empty());
  EXPECT_EQ(book.next_deadline(), std::nullopt);
}

TEST_F(SurveyBookTest, AsksANodeOnceThatIsNamedTwice) {
  SurveyBook book;
  const auto id = open(book, {"a", "a"});

  book.answer(id, "a", {.bytes = "x"});

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].answers, (Answers{{"a", "x"}}));
}

TEST_F(SurveyBookTest, TellsTheNextDeadline) {
  SurveyBook book;
  EXPECT_EQ(book.next_deadline(), std::nullopt);
  const auto later = book.open({"a"}, start_ + seconds(9), keep());
  const auto sooner = book.open({"a"}, start_ + seconds(3), keep());
  ASSERT_TRUE(later && sooner);

  EXPECT_EQ(book.next_deadline(), start_ + seconds(3));
  book.tick(start_ + seconds(3));
  EXPECT_EQ(book.next_deadline(), start_ + seconds(9));
}

TEST_F(SurveyBookTest, LetsACallbackUseTheBook) {
  SurveyBook book;
  SurveyBook::SurveyId second = 0;
  const auto ask_again = [&](const SurveyResult&) {
    second = open(book, {"b"});
    book.gone("c");
  };
  const auto first = book.open({"a"}, start_, ask_again);
  const auto third = book.open({"c"}, start_ + seconds(9), keep());
  ASSERT_TRUE(first && third);

  book.tick(start_);

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].missing, Uids{"c"});
  book.answer(second, "b", {.bytes = "x"});
  EXPECT_EQ(results_.size(), 2U);
}

TEST_F(SurveyBookTest, TellsWhoStillWaitsWhenItIsClosed) {
  {
    SurveyBook book;
    const auto id = open(book, {"a", "b"});
    book.answer(id, "a", {.bytes = "x"});
  }

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].answers, (Answers{{"a", "x"}}));
  EXPECT_EQ(results_[0].missing, Uids{"b"});
}

}  // namespace
}  // namespace relay
