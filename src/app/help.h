#pragma once
// What --help prints.

#include <string>

#include "app/command_line.h"

namespace relay {

// The overview: commands, where settings come from, examples.
[[nodiscard]] std::string overview_help();

// One command: its options; for `serve` and `check` all settings, by group.
[[nodiscard]] std::string command_help(Command command);

}  // namespace relay
