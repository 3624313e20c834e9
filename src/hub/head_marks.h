#pragma once
// Where the log's head stood at which time, coarsely: how old a position is, even when its event is gone.
//
// A position is current until the next event is appended, and its age counts from then: a client that got the
// last event there is misses nothing, however long ago that was.
//
// Threading: none of its own; the log holds its lock around every call.

#include <deque>

#include "base/clock.h"
#include "hub/position.h"

namespace relay {

class HeadMarks {
 public:
  // In the order of time.
  void mark(SteadyTime now, Position head) { marks_.push_back({now, head}); }

  // Where the head stood at the last mark at or before `time`; 1, where every log begins, if there is none.
  [[nodiscard]] Position head_at(SteadyTime time) const;

  // What lies before the last mark at or before `time` is of no use any more.
  void forget_before(SteadyTime time);

 private:
  struct Mark {
    SteadyTime time;
    Position head;
  };

  std::deque<Mark> marks_;
};

}  // namespace relay
