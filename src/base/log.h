#pragma once
// Structured logs: one JSON object a line on stdout (LOG_FORMAT=json), or a line for people (pretty).
//
// A line is formatted by the thread that writes it, into memory; a thread of the log's own hands what has
// come together to the descriptor a few times a second. Whoever logs never waits for the reader: when the
// buffer is full (log_buffer_bytes_max) lines are dropped and counted, and the next line that fits says how
// many.
//
// Never log a payload, a key, a token or a secret: not at trace level either.
//
// Threading: safe from any thread.

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace relay {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, fatal };
enum class LogFormat : std::uint8_t { json, pretty };

[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

// One field of a line. The name is a literal; a text is copied (and escaped) before log() returns.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;

  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const std::string& text)
      : name(field_name), value(std::string_view(text)) {}
  LogField(std::string_view field_name, const char* text) : name(field_name), value(std::string_view(text)) {}
  LogField(std::string_view field_name, bool flag) : name(field_name), value(flag) {}
  LogField(std::string_view field_name, double number) : name(field_name), value(number) {}
  template <std::integral Integer>
  LogField(std::string_view field_name, Integer number)
      : name(field_name), value(static_cast<std::int64_t>(number)) {}

  std::string_view name;
  Value value;
};

class Log {
 public:
  struct Options {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::json;
    std::string node;    // the `node` of every line
    int descriptor = 1;  // borrowed
  };
  static constexpr std::size_t log_buffer_bytes_max = 8 * 1024 * 1024;

  // `clock` must outlive the log.
  Log(Options options, const Clock& clock);
  // Hands out what is still there, for at most a second when the reader does not read.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  [[nodiscard]] bool enabled(LogLevel level) const noexcept {
    return level >= level_.load(std::memory_order_relaxed);
  }
  void set_level(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }

  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

  void trace(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::trace, message, fields);
  }
  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, message, fields);
  }
  void fatal(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::fatal, message, fields);
  }

  // Waits until what was written before the call has reached the descriptor, or a second has passed.
  void flush();

  [[nodiscard]] std::uint64_t dropped_lines() const noexcept;

 private:
  struct Sink;

  std::atomic<LogLevel> level_;
  const Options options_;
  const Clock& clock_;
  const std::unique_ptr<Sink> sink_;
};

}  // namespace relay
