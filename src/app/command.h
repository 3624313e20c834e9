#pragma once
// The commands, one file each. A command returns the exit status of the process: 0, 1 when what it asked for
// did not come about, 2 when settings or arguments are wrong. Results go to `out`, words for people to `err`.

#include <iosfwd>
#include <optional>
#include <string>

#include "app/command_line.h"
#include "app/dotenv.h"
#include "app/settings_loader.h"

namespace relay {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_misused = 2;

struct CommandContext {
  const CommandLine& line;
  const NamedTexts& environment;
  std::ostream& out;
  std::ostream& err;
};

// Parses the arguments, without the program's name, and runs the command.
[[nodiscard]] int run_program(std::span<const std::string_view> arguments, const NamedTexts& environment,
                              std::ostream& out, std::ostream& err);

[[nodiscard]] int run_serve(const CommandContext& context);
[[nodiscard]] int run_token(const CommandContext& context);
[[nodiscard]] int run_publish(const CommandContext& context);
[[nodiscard]] int run_listen(const CommandContext& context);
[[nodiscard]] int run_check(const CommandContext& context);
[[nodiscard]] int run_healthcheck(const CommandContext& context);
[[nodiscard]] int run_version(const CommandContext& context);

// For the commands: the settings, or nullopt after a line on `err` for each problem; the status is then
// exit_misused.
[[nodiscard]] std::optional<LoadedSettings> load_or_report(const CommandContext& context,
                                                           const SettingNeeds& needs);
void report(std::ostream& err, const SettingProblems& problems);

// The value of an option of the command; empty when it was not given.
[[nodiscard]] std::string option_of(const CommandContext& context, std::string_view name);

// That value as a whole number from 1 to `largest`, or `otherwise`; nullopt after a line on `err`.
[[nodiscard]] std::optional<std::uint64_t> count_option(const CommandContext& context, std::string_view name,
                                                        std::uint64_t otherwise, std::uint64_t largest);

// Where a relay with these settings is reached from this machine; nullopt with a line on `err` when PORT is
// 0.
[[nodiscard]] std::optional<std::string> url_of_relay(const CommandContext& context,
                                                      const Settings& settings);

}  // namespace relay
