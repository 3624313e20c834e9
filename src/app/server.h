#pragma once
// The relay itself: builds everything in order and serves until it is told to stop.

#include "app/settings.h"

namespace relay {

// Returns the exit status of the process.
[[nodiscard]] int serve(const Settings& settings);

}  // namespace relay
