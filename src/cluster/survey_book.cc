#include "cluster/survey_book.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace relay {

SurveyBook::SurveyBook(SurveyLimits limits) : limits_(limits) {}

// A callback may open another survey.
SurveyBook::~SurveyBook() {
  while (!surveys_.empty()) end(surveys_.extract(surveys_.begin()));
}

std::optional<SurveyBook::SurveyId> SurveyBook::open(const std::vector<std::string>& uids,
                                                     SteadyTime deadline, Callback callback) {
  RELAY_DCHECK(bound_.on_owner_thread());
  if (surveys_.size() >= limits_.surveys_max) return std::nullopt;
  const SurveyId id = ++last_id_;
  Nodes nodes;
  for (const std::string& uid : uids) nodes.try_emplace(uid);
  const std::size_t waiting_count = nodes.size();
  const auto survey =
      surveys_.emplace(id, Survey{deadline, std::move(callback), std::move(nodes), waiting_count}).first;
  if (waiting_count == 0) end(surveys_.extract(survey));
  return id;
}

void SurveyBook::answer(SurveyId id, std::string_view uid, const SurveyPart& part) {
  RELAY_DCHECK(bound_.on_owner_thread());
  const auto survey = surveys_.find(id);
  if (survey == surveys_.end()) return ignored_.add();
  const auto node = survey->second.nodes.find(uid);
  if (node == survey->second.nodes.end() || node->second.state != State::waiting ||
      part.index < node->second.parts_count) {
    return ignored_.add();
  }
  take_part(survey->second, node->second, part);
  if (survey->second.waiting_count == 0) end(surveys_.extract(survey));
}

void SurveyBook::take_part(Survey& survey, Node& node, const SurveyPart& part) {
  const bool fits = part.index < limits_.parts_max &&
                    part.bytes.size() <= limits_.survey_bytes_max - survey.bytes &&
                    part.bytes.size() <= limits_.book_bytes_max - bytes_;
  if (!fits || part.index != node.parts_count) return settle(survey, node, State::missing);
  node.bytes += part.bytes;
  ++node.parts_count;
  survey.bytes += part.bytes.size();
  bytes_ += part.bytes.size();
  if (part.is_last) settle(survey, node, State::answered);
}

void SurveyBook::settle(Survey& survey, Node& node, State state) {
  node.state = state;
  --survey.waiting_count;
  if (state != State::missing) return;
  survey.bytes -= node.bytes.size();
  bytes_ -= node.bytes.size();
  node.bytes = std::string();
}

void SurveyBook::gone(std::string_view uid) {
  RELAY_DCHECK(bound_.on_owner_thread());
  for (auto& [id, survey] : surveys_) {
    const auto node = survey.nodes.find(uid);
    if (node == survey.nodes.end() || node->second.state != State::waiting) continue;
    settle(survey, node->second, State::missing);
  }
  end_all([](const Survey& survey) { return survey.waiting_count == 0; });
}

void SurveyBook::tick(SteadyTime now) {
  RELAY_DCHECK(bound_.on_owner_thread());
  end_all([now](const Survey& survey) { return survey.deadline <= now; });
}

std::optional<SteadyTime> SurveyBook::next_deadline() const {
  if (surveys_.empty()) return std::nullopt;
  const auto is_earlier = [](const auto& left, const auto& right) {
    return left.second.deadline < right.second.deadline;
  };
  return std::ranges::min_element(surveys_, is_earlier)->second.deadline;
}

// All are taken out before the first is told, because a callback may change the book. What it opens waits for
// the next time.
template <typename IsDue>
void SurveyBook::end_all(IsDue is_due) {
  std::vector<Surveys::node_type> due;
  for (auto survey = surveys_.begin(); survey != surveys_.end();) {
    const auto next = std::next(survey);
    if (is_due(survey->second)) due.push_back(surveys_.extract(survey));
    survey = next;
  }
  for (auto& survey : due) end(std::move(survey));
}

void SurveyBook::end(Surveys::node_type ended) {
  Survey& survey = ended.mapped();
  bytes_ -= survey.bytes;
  SurveyResult result;
  for (auto& [uid, node] : survey.nodes) {
    if (node.state == State::answered) {
      result.answers.push_back({uid, std::move(node.bytes)});
    } else {
      result.missing.push_back(uid);
    }
  }
  survey.callback(std::move(result));
}

}  // namespace relay
