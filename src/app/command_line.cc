#include "app/command_line.h"

#include <algorithm>
#include <array>

#include "app/setting_parsers.h"
#include "app/setting_table.h"

namespace relay {
namespace {

constexpr OptionDescription token_options[] = {
    {"session", "S", "the room of the session, sessionId in the token", true},
    {"account", "A", "the account, sub in the token", true},
    {"ttl", "SECONDS", "how long it is good (300)"},
    {"scope", "LIST", "subscribe, publish or both (subscribe,publish)"},
    {"rooms", "LIST", "further rooms, comma-separated"},
};

constexpr OptionDescription publish_options[] = {
    {"room", "R", "the room that gets it", true},
    {"type", "T", "the event's type", true},
    {"payload", "JSON", "any JSON value", true},
    {"url", "URL", "the relay (http://127.0.0.1:PORT)"},
    {"nonce", "N", "makes a retry safe: 8 to 200 characters"},
    {"key", "KEY", "the publish key (the first plain entry of RELAY_API_KEY)"},
};

constexpr OptionDescription listen_options[] = {
    {"session", "S", "the room to listen to; not needed with --token"},
    {"account", "A", "the account (listen)"},
    {"url", "URL", "the relay (http://127.0.0.1:PORT)"},
    {"token", "TOKEN", "a token instead of one minted with JWT_SIGNING_SECRET"},
    {"count", "N", "end after so many events"},
};

constexpr OptionDescription healthcheck_options[] = {
    {"url", "URL", "the relay (http://127.0.0.1:PORT)"},
};

constexpr CommandDescription commands[] = {
    {Command::serve, "serve", "run the relay (also without a command)", "socket-relay serve --port 4000", {}},
    {Command::token, "token", "mint a client token with JWT_SIGNING_SECRET",
     "socket-relay token --session room-1 --account ann", token_options},
    {Command::publish, "publish", "publish one event and print the answer",
     "socket-relay publish --room room-1 --type vote.cast --payload '{\"n\":1}'", publish_options},
    {Command::listen, "listen", "print each event of a room as one JSON line",
     "socket-relay listen --session room-1 --count 2", listen_options},
    {Command::check,
     "check",
     "validate the settings and print the effective ones, secrets masked",
     "socket-relay check --env-file production.env",
     {}},
    {Command::healthcheck, "healthcheck", "exit 0 when the relay is healthy, for containers",
     "socket-relay healthcheck", healthcheck_options},
    {Command::version, "version", "print version, commit and compiler", "socket-relay version", {}},
    {Command::help, "help", "print this", "socket-relay help", {}},
};

bool is_option_of(Command command, std::string_view name) {
  return std::ranges::find(describe(command).options, name, &OptionDescription::name) !=
         describe(command).options.end();
}

// PORT for `port`, by way of the spelling: a flag has no capitals and no underscores.
std::optional<std::string> setting_name_of(std::string_view flag) {
  std::string name;
  for (const char c : flag) {
    if (c == '_' || (c >= 'A' && c <= 'Z')) return std::nullopt;
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

// The setting that takes its value from the file that a flag names; null when `name` is not such a flag.
const SettingDescription* setting_of_file(std::string_view name) {
  constexpr std::string_view suffix = "_FILE";
  if (!name.ends_with(suffix)) return nullptr;
  const SettingDescription* const setting = find_setting(name.substr(0, name.size() - suffix.size()));
  return setting != nullptr && setting->may_come_from_file() ? setting : nullptr;
}

class Parser {
 public:
  explicit Parser(std::span<const std::string_view> arguments) : arguments_(arguments) {}

  std::expected<CommandLine, std::vector<std::string>> parse() {
    find_command();
    for (at_ = 0; at_ < arguments_.size(); ++at_) {
      const std::string_view argument = arguments_[at_];
      if (at_ == command_at_) continue;
      if (argument.starts_with("--") && argument.size() > 2) {
        on_flag(argument.substr(2));
      } else if (argument == "-h") {
        line_.help = true;
      } else {
        errors_.push_back("unexpected argument " + in_quotes(argument.substr(0, argument.find('='))));
      }
    }
    if (!line_.help) require_options();
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    return std::move(line_);
  }

 private:
  // The command is the first argument. Behind flags it could not be told from a value.
  void find_command() {
    if (arguments_.empty() || arguments_[0].starts_with('-')) {
      line_.command = Command::serve;
      return;
    }
    command_at_ = 0;
    const auto* const found = std::ranges::find(commands, arguments_[0], &CommandDescription::name);
    if (found == std::end(commands)) {
      errors_.push_back("unknown command " + in_quotes(arguments_[0].substr(0, arguments_[0].find('='))) +
                        "; socket-relay --help lists the commands");
    } else {
      line_.command = found->command;
    }
  }

  void on_flag(std::string_view flag) {
    const std::size_t equals = flag.find('=');
    const std::string_view name = flag.substr(0, equals);
    const std::optional<std::string_view> attached =
        equals == std::string_view::npos ? std::nullopt : std::optional(flag.substr(equals + 1));
    if (name == "help" || name == "version") {
      if (name == "help") {
        line_.help = true;
      } else {
        line_.command = Command::version;
      }
    } else if (name == "env-file") {
      if (auto value = value_of(name, attached)) line_.env_file = *value;
    } else if (is_option_of(line_.command, name)) {
      if (auto value = value_of(name, attached)) line_.options.insert_or_assign(std::string(name), *value);
    } else {
      on_setting(name, attached);
    }
  }

  void on_setting(std::string_view flag, std::optional<std::string_view> attached) {
    const std::string name = setting_name_of(flag).value_or("");
    const SettingDescription* const setting = find_setting(name);
    if (setting == nullptr && setting_of_file(name) == nullptr) {
      skip_value(attached);
      errors_.push_back("--" + printable(flag) + ": unknown flag; socket-relay " +
                        std::string(describe(line_.command).name) + " --help lists them");
    } else if (setting != nullptr && setting->kind == SettingKind::secret) {
      skip_value(attached);
      errors_.push_back(name + ": is a secret, which no flag may carry; set the variable, or " + name +
                        "_FILE");
    } else if (setting != nullptr && setting->kind == SettingKind::toggle && !attached && !next_is_value()) {
      line_.settings.insert_or_assign(name, "true");
    } else if (auto value = value_of(flag, attached, setting != nullptr && setting->empty_is_a_value)) {
      if (setting != nullptr && setting->kind == SettingKind::url && url_has_credentials(*value)) {
        errors_.push_back(name + ": holds a secret, which no flag may carry; set the variable, or " + name +
                          "_FILE");
        return;
      }
      line_.settings.insert_or_assign(name, *value);
    }
  }

  static std::string printable(std::string_view flag) {
    const std::string text = in_quotes(flag);
    return text.substr(1, text.size() - 2);
  }

  [[nodiscard]] bool next_is_value() const {
    return at_ + 1 < arguments_.size() && !arguments_[at_ + 1].starts_with("--");
  }

  // What belongs to a refused flag must not be taken for a flag or a command, nor be printed.
  void skip_value(std::optional<std::string_view> attached) {
    if (!attached && next_is_value()) ++at_;
  }

  std::optional<std::string> value_of(std::string_view flag, std::optional<std::string_view> attached,
                                      bool may_be_empty = false) {
    std::optional<std::string_view> value = attached;
    if (!value && next_is_value()) value = arguments_[++at_];
    if (value && (may_be_empty || !value->empty())) return std::string(*value);
    errors_.push_back("--" + std::string(flag) + ": needs a value");
    return std::nullopt;
  }

  void require_options() {
    for (const OptionDescription& option : describe(line_.command).options) {
      if (!option.required || line_.options.contains(option.name)) continue;
      const std::string flag = "--" + std::string(option.name);
      const bool was_refused = std::ranges::any_of(
          errors_, [&flag](const std::string& error) { return error.starts_with(flag + ":"); });
      if (!was_refused) errors_.push_back(flag + ": is required: " + std::string(option.meaning));
    }
  }

  const std::span<const std::string_view> arguments_;
  std::size_t at_ = 0;
  std::size_t command_at_ = static_cast<std::size_t>(-1);
  CommandLine line_;
  std::vector<std::string> errors_;
};

}  // namespace

std::span<const CommandDescription> command_table() noexcept {
  return commands;
}

const CommandDescription& describe(Command command) noexcept {
  return *std::ranges::find(commands, command, &CommandDescription::command);
}

std::expected<CommandLine, std::vector<std::string>> parse_command_line(
    std::span<const std::string_view> arguments) {
  return Parser(arguments).parse();
}

}  // namespace relay
