#pragma once
// The command line: `socket-relay [COMMAND] [--flag VALUE | --flag=VALUE]...`.
//
// A flag is an option of the command, or a setting (`--port` for PORT). A value that begins with `--` needs
// the form with '='. A setting that is true or false may stand alone: `--dev`. Secrets are refused as flags,
// since any user of the machine can read a command line; no error repeats a value.
//
// Threading: any.

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/dotenv.h"

namespace relay {

enum class Command : std::uint8_t { serve, token, publish, listen, check, healthcheck, version, help };

struct OptionDescription {
  std::string_view name;        // without the dashes
  std::string_view value_name;  // for the help, `JSON`
  std::string_view meaning;
  bool required = false;
};

struct CommandDescription {
  Command command;
  std::string_view name;
  std::string_view summary;
  std::string_view example;
  std::span<const OptionDescription> options;
};

[[nodiscard]] std::span<const CommandDescription> command_table() noexcept;
[[nodiscard]] const CommandDescription& describe(Command command) noexcept;

struct CommandLine {
  Command command = Command::serve;
  bool help = false;                    // --help: say how the command is used, instead of running it
  NamedTexts options;                   // of the command, by name without the dashes
  NamedTexts settings;                  // by the setting's name
  std::optional<std::string> env_file;  // --env-file
};

// The errors are lines for the operator, in the order of the arguments. The program's own name is not an
// argument.
[[nodiscard]] std::expected<CommandLine, std::vector<std::string>> parse_command_line(
    std::span<const std::string_view> arguments);

}  // namespace relay
