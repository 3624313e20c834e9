#pragma once
// The questions that were put to other nodes and are not answered yet.
//
//     open() --> waits for each node --> all have answered or are missing, or the deadline --> the callback
//
// A node answers in parts, numbered from 0, of which one is marked as the last. It is missing if it dies,
// does not get done before the deadline, exceeds a bound, or leaves out a part: half an answer is none.
//
// The callback of an open survey is called exactly once: from answer(), gone(), tick(), from open() if there
// is nobody to ask, or at last from the destructor, with all that have not answered as missing. It may call
// the book, but not destroy it.
//
// No timers inside: the owner calls tick() at next_deadline().
//
// Threading: bound to its owner's thread; only ignored_count() from any.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counter.h"
#include "base/thread_bound.h"

namespace relay {

struct SurveyLimits {
  std::size_t surveys_max = 1024;
  std::size_t survey_bytes_max = std::size_t{16} * 1024 * 1024;  // of all answers to one survey
  std::size_t book_bytes_max = std::size_t{256} * 1024 * 1024;   // of all answers to all surveys
  std::uint64_t parts_max = 256;                                 // of one node's answer
};

struct SurveyPart {
  std::uint64_t index = 0;
  std::string_view bytes = {};
  bool is_last = true;
};

struct SurveyAnswer {
  std::string uid;
  std::string bytes;

  friend bool operator==(const SurveyAnswer&, const SurveyAnswer&) = default;
};

// Every node that was asked is in one of the two, both sorted by uid.
struct SurveyResult {
  std::vector<SurveyAnswer> answers;
  std::vector<std::string> missing;
};

class SurveyBook {
 public:
  using SurveyId = std::uint64_t;  // never 0, never used again
  using Callback = std::move_only_function<void(SurveyResult)>;

  explicit SurveyBook(SurveyLimits limits = {});
  ~SurveyBook();
  SurveyBook(const SurveyBook&) = delete;
  SurveyBook& operator=(const SurveyBook&) = delete;

  // Nullopt, and the callback is never called, if surveys_max are open.
  [[nodiscard]] std::optional<SurveyId> open(const std::vector<std::string>& uids, SteadyTime deadline,
                                             Callback callback);

  // Passes over and counts what comes late, twice, or from a node that was not asked.
  void answer(SurveyId id, std::string_view uid, const SurveyPart& part);

  // The node has died. Answers that it had given whole stay.
  void gone(std::string_view uid);

  // Ends the surveys whose deadline has come, the oldest first.
  void tick(SteadyTime now);

  // Nullopt if nothing is open.
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

  [[nodiscard]] std::size_t open_count() const noexcept { return surveys_.size(); }

  // Parts that were passed over.
  [[nodiscard]] std::uint64_t ignored_count() const noexcept { return ignored_.value(); }

 private:
  enum class State : std::uint8_t { waiting, answered, missing };
  struct Node {
    State state = State::waiting;
    std::uint64_t parts_count = 0;
    std::string bytes = {};
  };
  using Nodes = std::map<std::string, Node, std::less<>>;  // by uid
  struct Survey {
    SteadyTime deadline;
    Callback callback;
    Nodes nodes;
    std::size_t waiting_count;
    std::size_t bytes = 0;
  };
  using Surveys = std::map<SurveyId, Survey>;

  void take_part(Survey& survey, Node& node, const SurveyPart& part);
  void settle(Survey& survey, Node& node, State state);
  template <typename IsDue>
  void end_all(IsDue is_due);
  void end(Surveys::node_type ended);

  const SurveyLimits limits_;
  const ThreadBound bound_;
  Surveys surveys_;
  SurveyId last_id_ = 0;
  std::size_t bytes_ = 0;  // of all surveys that are open
  Counter ignored_;
};

}  // namespace relay
