#pragma once
// For tests: a log whose lines are written, and read by nobody.

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

namespace relay {

class SilentLog {
 public:
  explicit SilentLog(const Clock& clock)
      : lines_({.level = LogLevel::trace, .node = "n", .descriptor = nowhere_.descriptor}, clock) {}

  [[nodiscard]] Log& lines() noexcept { return lines_; }

 private:
  // Ends after the log, whose thread writes until then.
  struct Nowhere {
    Nowhere() = default;
    Nowhere(const Nowhere&) = delete;
    Nowhere& operator=(const Nowhere&) = delete;
    ~Nowhere() { close(descriptor); }

    const int descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC);
  };

  Nowhere nowhere_;
  Log lines_;
};

}  // namespace relay
