#include "base/log.h"

#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include "base/time_text.h"

namespace relay {
namespace {

using Buffer = fmt::memory_buffer;

constexpr auto flush_period = std::chrono::milliseconds(50);
constexpr auto farewell_max = std::chrono::seconds(1);

void append(Buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

// Everything that is not printable ASCII or part of a UTF-8 sequence is escaped, so that a room name can
// neither end a line nor colour an operator's terminal.
void append_quoted(Buffer& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_value(Buffer& out, const LogField::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    append_quoted(out, *text);
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    fmt::format_to(std::back_inserter(out), "{:.3f}", *real);
  } else {
    append(out, std::get<bool>(value) ? "true" : "false");
  }
}

void append_json_line(Buffer& out, LogLevel level, WallTime now, std::string_view node,
                      std::string_view message, std::initializer_list<LogField> fields) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  fmt::format_to(std::back_inserter(out), R"({{"level":"{}","time":{},"msg":)", to_string(level), ms);
  append_quoted(out, message);
  append(out, R"(,"node":)");
  append_quoted(out, node);
  for (const LogField& field : fields) {
    out.push_back(',');
    append_quoted(out, field.name);
    out.push_back(':');
    append_value(out, field.value);
  }
  append(out, "}\n");
}

void append_pretty_line(Buffer& out, LogLevel level, WallTime now, std::string_view message,
                        std::initializer_list<LogField> fields) {
  const TimeText time = format_rfc3339(now);
  fmt::format_to(std::back_inserter(out), "{} {:5} {}", std::string_view(time.data() + 11, 12),
                 to_string(level), message);
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(out), " {}=", field.name);
    append_value(out, field.value);
  }
  out.push_back('\n');
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
    case LogLevel::fatal:
      return "fatal";
  }
  return "fatal";
}

// What writers and the log's thread share. Writers append to `pending`; the thread swaps it out and writes it
// with no lock held. It wakes by the clock, not by a writer: one wake-up a line would cost more than the
// line.
struct Log::Sink {
  explicit Sink(int target) : descriptor(target) {}

  const int descriptor;
  std::mutex mutex;
  std::condition_variable stop_requested;  // the log's thread waits here
  std::condition_variable written;         // flush() waits here
  std::string pending;                     // guarded by mutex
  std::uint64_t dropped_unreported = 0;    // guarded by mutex
  std::uint64_t bytes_taken = 0;           // guarded by mutex: ever appended
  std::uint64_t bytes_written = 0;         // guarded by mutex: ever handed to the descriptor, or given up
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> dropped_total{0};
  std::thread thread;

  void run() {
    std::string batch;
    std::unique_lock lock(mutex);
    for (;;) {
      stop_requested.wait_for(lock, flush_period, [this] { return stopping.load(); });
      if (pending.empty()) {
        if (stopping) return;
        continue;
      }
      batch.swap(pending);
      lock.unlock();
      write_all(batch);
      lock.lock();
      bytes_written += batch.size();
      batch.clear();
      written.notify_all();
    }
  }

  // Writes only what the descriptor takes at once (a writable pipe takes PIPE_BUF bytes), so that a reader
  // that does not read cannot hold the end of the process up: from then on it has a second.
  void write_all(std::string_view bytes) const {
    std::optional<std::chrono::steady_clock::time_point> give_up;
    while (!bytes.empty()) {
      if (stopping && !give_up) give_up = std::chrono::steady_clock::now() + farewell_max;
      pollfd writable{.fd = descriptor, .events = POLLOUT, .revents = 0};
      if (poll(&writable, 1, static_cast<int>(flush_period.count())) == 0) {
        if (give_up && std::chrono::steady_clock::now() > *give_up) return;
        continue;
      }
      const ssize_t got = ::write(descriptor, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
      if (got > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(got));
      } else if (errno != EAGAIN && errno != EINTR) {
        return;  // nobody can read it any more
      }
    }
  }
};

Log::Log(Options options, const Clock& clock)
    : level_(options.level),
      options_(std::move(options)),
      clock_(clock),
      sink_(std::make_unique<Sink>(options_.descriptor)) {
  sink_->thread = std::thread([sink = sink_.get()] { sink->run(); });
}

Log::~Log() {
  {
    const std::lock_guard lock(sink_->mutex);
    sink_->stopping = true;
  }
  sink_->stop_requested.notify_all();
  sink_->thread.join();
}

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!enabled(level)) return;
  thread_local Buffer line;
  line.clear();
  const WallTime now = clock_.wall();
  if (options_.format == LogFormat::json) {
    append_json_line(line, level, now, options_.node, message, fields);
  } else {
    append_pretty_line(line, level, now, message, fields);
  }

  const std::lock_guard lock(sink_->mutex);
  if (sink_->pending.size() + line.size() > log_buffer_bytes_max) {
    ++sink_->dropped_unreported;
    sink_->dropped_total.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (sink_->dropped_unreported > 0) {
    Buffer notice;
    const LogField count("count", std::exchange(sink_->dropped_unreported, 0));
    if (options_.format == LogFormat::json) {
      append_json_line(notice, LogLevel::warn, now, options_.node, "log lines dropped", {count});
    } else {
      append_pretty_line(notice, LogLevel::warn, now, "log lines dropped", {count});
    }
    sink_->pending.append(notice.data(), notice.size());
    sink_->bytes_taken += notice.size();
  }
  sink_->pending.append(line.data(), line.size());
  sink_->bytes_taken += line.size();
}

void Log::flush() {
  std::unique_lock lock(sink_->mutex);
  const std::uint64_t until = sink_->bytes_taken;
  sink_->written.wait_for(lock, farewell_max, [&] { return sink_->bytes_written >= until; });
}

std::uint64_t Log::dropped_lines() const noexcept {
  return sink_->dropped_total.load(std::memory_order_relaxed);
}

}  // namespace relay
