#include "app/help.h"

#include <algorithm>

#include "app/setting_table.h"

namespace relay {
namespace {

void append_row(std::string& out, std::string_view left, std::string_view right, std::size_t width) {
  out += "  " + std::string(left);
  out.append(left.size() < width ? width - left.size() : 1, ' ');
  out += "  " + std::string(right) + "\n";
}

std::string default_for_help(const SettingDescription& setting) {
  std::string text(setting.default_words.empty() ? setting.default_value : setting.default_words);
  std::erase(text, '`');
  return text.empty() ? "" : " [" + text + "]";
}

void append_settings(std::string& out) {
  out += "\nSettings, each the variable NAME or, but for secrets, the flag --name VALUE [default]:\n";
  const SettingDescription* before = nullptr;
  for (const SettingDescription& setting : setting_table()) {
    if (before == nullptr || before->group != setting.group)
      out += "\n" + std::string(title_of(setting.group)) + "\n";
    append_row(out, setting.name, std::string(setting.meaning) + default_for_help(setting), 27);
    before = &setting;
  }
  out += "\nThe secrets, and REDIS_URL and WEBHOOK_URL, can come from a file: NAME_FILE=/path.\n";
}

constexpr std::string_view common_flags =
    "  --env-file FILE  read the environment file FILE instead of .env\n"
    "  --help           explain, do nothing\n";

}  // namespace

std::string overview_help() {
  std::string out =
      "Socket Relay publishes events over HTTP to Socket.IO clients.\n"
      "\n"
      "Usage: socket-relay [COMMAND] [--flag VALUE]...\n"
      "\n"
      "Commands\n";
  for (const CommandDescription& command : command_table())
    append_row(out, command.name, command.summary, 11);
  out += "\nFlags of every command\n";
  out += common_flags;
  out +=
      "\n"
      "Settings come from flags (--port 4000 for PORT), then the environment, then the environment file.\n"
      "`socket-relay serve --help` lists all of them, `socket-relay COMMAND --help` the flags of a command.\n"
      "\n"
      "To try it out\n"
      "  socket-relay serve --dev\n"
      "\n"
      "To run it\n"
      "  JWT_SIGNING_SECRET_FILE=jwt.key RELAY_API_KEY_FILE=api.key socket-relay serve\n";
  return out;
}

std::string command_help(Command command) {
  const CommandDescription& description = describe(command);
  std::string out =
      "socket-relay " + std::string(description.name) + ": " + std::string(description.summary) + "\n\n";
  out += "Usage: socket-relay " + std::string(description.name) + " [--flag VALUE]...\n\nFlags\n";
  for (const OptionDescription& option : description.options) {
    append_row(out, "--" + std::string(option.name) + " " + std::string(option.value_name),
               std::string(option.meaning) + (option.required ? " (required)" : ""), 15);
  }
  out += common_flags;
  out += "\nExample\n  " + std::string(description.example) + "\n";
  if (command == Command::serve || command == Command::check) append_settings(out);
  return out;
}

}  // namespace relay
