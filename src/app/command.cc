#include "app/command.h"

#include <ostream>
#include <string_view>
#include <vector>

#include "app/help.h"
#include "app/setting_parsers.h"

namespace relay {
namespace {

int run_help(const CommandContext& context) {
  context.out << overview_help();
  return exit_done;
}

int run(const CommandContext& context) {
  switch (context.line.command) {
    case Command::serve:
      return run_serve(context);
    case Command::token:
      return run_token(context);
    case Command::publish:
      return run_publish(context);
    case Command::listen:
      return run_listen(context);
    case Command::check:
      return run_check(context);
    case Command::healthcheck:
      return run_healthcheck(context);
    case Command::version:
      return run_version(context);
    case Command::help:
      return run_help(context);
  }
  return exit_misused;
}

// `socket-relay --help` is the overview, `socket-relay serve --help` the help of that command.
std::string help_for(std::span<const std::string_view> arguments, Command command) {
  const bool names_command = !arguments.empty() && !arguments[0].starts_with('-') && command != Command::help;
  return names_command ? command_help(command) : overview_help();
}

}  // namespace

int run_program(std::span<const std::string_view> arguments, const NamedTexts& environment, std::ostream& out,
                std::ostream& err) {
  const auto line = parse_command_line(arguments);
  if (!line) {
    for (const std::string& error : line.error()) err << error << '\n';
    return exit_misused;
  }
  if (line->help) {
    out << help_for(arguments, line->command);
    return exit_done;
  }
  return run({.line = *line, .environment = environment, .out = out, .err = err});
}

void report(std::ostream& err, const SettingProblems& problems) {
  for (const auto& [name, sentence] : problems) err << name << ": " << sentence << '\n';
}

std::optional<LoadedSettings> load_or_report(const CommandContext& context, const SettingNeeds& needs) {
  const SettingSources sources{.flags = context.line.settings,
                               .environment = context.environment,
                               .env_file = context.line.env_file,
                               .host_limits = measure_host_limits()};
  auto loaded = load_settings(sources, needs);
  if (loaded) return *std::move(loaded);
  report(context.err, loaded.error());
  return std::nullopt;
}

std::string option_of(const CommandContext& context, std::string_view name) {
  const auto found = context.line.options.find(name);
  return found == context.line.options.end() ? std::string() : found->second;
}

std::optional<std::uint64_t> count_option(const CommandContext& context, std::string_view name,
                                          std::uint64_t otherwise, std::uint64_t largest) {
  const std::string text = option_of(context, name);
  if (text.empty()) return otherwise;
  const auto number = parse_whole_number(text, 1, largest);
  if (number) return *number;
  context.err << "--" << name << ": " << number.error() << '\n';
  return std::nullopt;
}

std::optional<std::string> url_of_relay(const CommandContext& context, const Settings& settings) {
  if (std::string given = option_of(context, "url"); !given.empty()) return given;
  if (settings.listen.port == 0) {
    context.err << "PORT: is 0, which says nothing about where the relay listens; give --url\n";
    return std::nullopt;
  }
  std::string host = settings.listen.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(settings.listen.port);
}

}  // namespace relay
