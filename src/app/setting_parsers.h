#pragma once
// From the text of a setting to its value. Each parser takes a text that is not empty unless it says
// otherwise; the error is what follows the setting's name, `needs a whole number from 0 to 65535, not "abc"`.
// The parsers of secrets never quote what they were given.
//
// Threading: any.

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/settings.h"

namespace relay {

template <typename T>
using ParsedSetting = std::expected<T, std::string>;

// `text` in quotes for an error line: controls and what is not ASCII are replaced, a long text is cut.
[[nodiscard]] std::string in_quotes(std::string_view text);

// The entries of a comma-separated list, without the blanks around them and without empty ones. Views into
// `text`.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);

[[nodiscard]] ParsedSetting<std::uint64_t> parse_whole_number(std::string_view text, std::uint64_t smallest,
                                                              std::uint64_t largest);

// `N/s` or `N/m`, then optionally `:burst`; `0` is no limit. Without a burst it is 10 times N.
[[nodiscard]] ParsedSetting<std::optional<Rate>> parse_rate(std::string_view text);

[[nodiscard]] ParsedSetting<bool> parse_switch(std::string_view text);

// Valid UTF-8 without control characters.
[[nodiscard]] ParsedSetting<std::string> parse_text(std::string_view text);

// An address or a host name, as one may listen on.
[[nodiscard]] ParsedSetting<std::string> parse_host(std::string_view text);
// `host:port`, an IPv6 address in brackets.
[[nodiscard]] ParsedSetting<std::string> parse_host_and_port(std::string_view text);

// Begins with '/'; comes back with a '/' at its end.
[[nodiscard]] ParsedSetting<std::string> parse_socket_path(std::string_view text);

[[nodiscard]] ParsedSetting<std::string> parse_existing_folder(std::string_view text);
[[nodiscard]] ParsedSetting<std::string> parse_readable_file(std::string_view text);

[[nodiscard]] ParsedSetting<std::string> parse_origins(std::string_view text);
[[nodiscard]] std::expected<void, std::string> validate_trust_proxy(std::string_view text);
[[nodiscard]] ParsedSetting<std::string> parse_trust_proxy(std::string_view text);

// `type` stands for the event's own name (nullopt); else an event name that is not reserved.
[[nodiscard]] ParsedSetting<std::optional<std::string>> parse_emit_as(std::string_view text);
// Comma-separated names, '*' at the end of one for every name that begins so. An empty text is an empty list.
[[nodiscard]] ParsedSetting<std::vector<std::string>> parse_client_events(std::string_view text);

[[nodiscard]] ParsedSetting<Secret> parse_signing_secret(std::string_view text);
[[nodiscard]] ParsedSetting<std::vector<Secret>> parse_previous_signing_secrets(std::string_view text);
[[nodiscard]] ParsedSetting<Secret> parse_api_keys(std::string_view text);
[[nodiscard]] ParsedSetting<Secret> parse_cluster_secret(std::string_view text);

// redis, rediss, redis+sentinel, redis+cluster.
[[nodiscard]] ParsedSetting<Secret> parse_redis_url(std::string_view text);
[[nodiscard]] ParsedSetting<Secret> parse_webhook_url(std::string_view text);
// Separated by blanks, each `whsec_` and the base64 of 16 bytes or more.
[[nodiscard]] ParsedSetting<std::vector<Secret>> parse_webhook_secrets(std::string_view text);
[[nodiscard]] ParsedSetting<std::vector<std::string>> parse_webhook_events(std::string_view text);

// The same URL without its password, its user when there is no password, and the values of its query.
[[nodiscard]] std::string mask_url(std::string_view url);
[[nodiscard]] bool url_has_credentials(std::string_view url);

// What each enumerator is called in settings, in the order in which an error lists them.
template <typename Enum>
struct Choices;

template <>
struct Choices<TokenExpiry> {
  static constexpr std::array names{std::pair{"close", TokenExpiry::close},
                                    std::pair{"connect", TokenExpiry::connect}};
};

template <>
struct Choices<EnvelopeKind> {
  static constexpr std::array names{std::pair{"standard", EnvelopeKind::standard},
                                    std::pair{"raw", EnvelopeKind::raw}};
};

template <>
struct Choices<RedisAdapter> {
  static constexpr std::array names{std::pair{"pubsub", RedisAdapter::pubsub},
                                    std::pair{"sharded", RedisAdapter::sharded},
                                    std::pair{"streams", RedisAdapter::streams}};
};

template <>
struct Choices<RedisShardedMode> {
  static constexpr std::array names{std::pair{"static", RedisShardedMode::static_},
                                    std::pair{"dynamic", RedisShardedMode::dynamic},
                                    std::pair{"dynamic-private", RedisShardedMode::dynamic_private}};
};

template <>
struct Choices<RedisPeers> {
  static constexpr std::array names{std::pair{"relays", RedisPeers::relays},
                                    std::pair{"mixed", RedisPeers::mixed}};
};

template <>
struct Choices<LogLevel> {
  static constexpr std::array names{std::pair{"trace", LogLevel::trace}, std::pair{"debug", LogLevel::debug},
                                    std::pair{"info", LogLevel::info},   std::pair{"warn", LogLevel::warn},
                                    std::pair{"error", LogLevel::error}, std::pair{"fatal", LogLevel::fatal}};
};

template <>
struct Choices<LogFormat> {
  static constexpr std::array names{std::pair{"json", LogFormat::json},
                                    std::pair{"pretty", LogFormat::pretty}};
};

template <typename Enum>
[[nodiscard]] ParsedSetting<Enum> parse_choice(std::string_view text) {
  std::string wanted;
  for (const auto& [name, value] : Choices<Enum>::names) {
    if (text == name) return value;
    wanted += (wanted.empty() ? "" : ", ") + std::string(name);
  }
  return std::unexpected("needs one of " + wanted + ", not " + in_quotes(text));
}

template <std::unsigned_integral Integer, std::uint64_t smallest, std::uint64_t largest>
[[nodiscard]] ParsedSetting<Integer> parse_number(std::string_view text) {
  static_assert(std::in_range<Integer>(largest));
  const auto number = parse_whole_number(text, smallest, largest);
  if (!number) return std::unexpected(number.error());
  return static_cast<Integer>(*number);
}

template <typename Duration, std::uint64_t smallest, std::uint64_t largest>
[[nodiscard]] ParsedSetting<Duration> parse_duration(std::string_view text) {
  const auto number = parse_whole_number(text, smallest, largest);
  if (!number) return std::unexpected(number.error());
  return Duration(static_cast<typename Duration::rep>(*number));
}

}  // namespace relay
