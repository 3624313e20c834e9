// A generic Socket.IO server on the relay's library: what the protocols' conformance suites and interop
// programs run against.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <signal.h>

#include "base/clock.h"
#include "echo_application.h"
#include "net/timer_wheel.h"

namespace relay::echo {
namespace {

constexpr std::string_view usage =
    "usage: echo_server [--host 127.0.0.1] [--port 3000] [--workers 1] [--ping-interval-ms 25000]\n"
    "                   [--ping-timeout-ms 20000] [--connect-timeout-ms 45000] [--max-payload 1000000]\n";

struct Flags {
  std::string host = "127.0.0.1";
  std::uint64_t port = 3000;
  std::uint64_t workers = 1;
  std::uint64_t ping_interval_ms = 25'000;
  std::uint64_t ping_timeout_ms = 20'000;
  std::uint64_t connect_timeout_ms = 45'000;
  std::uint64_t max_payload = 1'000'000;
};

bool read_number(std::string_view text, std::uint64_t low, std::uint64_t high, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= low && out <= high;
}

bool read_flag(Flags& flags, std::string_view name, std::string_view value) {
  if (name == "--host") {
    flags.host = value;
    return !value.empty();
  }
  if (name == "--port") return read_number(value, 0, 65'535, flags.port);
  if (name == "--workers") return read_number(value, 1, workers_max, flags.workers);
  if (name == "--ping-interval-ms") return read_number(value, 1, 86'400'000, flags.ping_interval_ms);
  if (name == "--ping-timeout-ms") return read_number(value, 1, 86'400'000, flags.ping_timeout_ms);
  if (name == "--connect-timeout-ms") return read_number(value, 1, 86'400'000, flags.connect_timeout_ms);
  if (name == "--max-payload") return read_number(value, 1, std::uint64_t{1} << 30U, flags.max_payload);
  return false;
}

std::optional<Flags> read_flags(int count, char** arguments) {
  Flags flags;
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count || !read_flag(flags, arguments[i], arguments[i + 1])) {
      std::fprintf(stderr, "echo_server: cannot use %s\n%s", arguments[i], usage.data());
      return std::nullopt;
    }
  }
  return flags;
}

std::chrono::milliseconds ms(std::uint64_t count) {
  return std::chrono::milliseconds(count);
}

int run(const Flags& flags) {
  const SystemClock clock;
  EchoOptions echo;
  echo.engine.ping_interval = ms(flags.ping_interval_ms);
  echo.engine.ping_timeout = ms(flags.ping_timeout_ms);
  echo.engine.message_bytes_max = flags.max_payload;
  echo.engine.untrusted_message_bytes_max = flags.max_payload;
  echo.engine.backlog_bytes_max = std::max<std::size_t>(4 * flags.max_payload, 16 * 1024 * 1024);

  ServerOptions options;
  options.host = flags.host;
  options.port = static_cast<std::uint16_t>(flags.port);
  options.workers_count = static_cast<unsigned>(flags.workers);
  options.hub.connect_timeout = ms(flags.connect_timeout_ms);
  options.log.retained_bytes_max = 0;
  options.timer_tick = TimerWheel::tick_for(
      std::min({echo.engine.ping_interval, echo.engine.ping_timeout, options.hub.connect_timeout}));

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  SocketIoServer server(options, clock);
  server.add_application([&echo](Worker& worker) { return make_echo_application(worker, echo); });
  if (const auto started = server.start(); !started) {
    std::fprintf(stderr, "echo_server: %s\n", started.error().c_str());
    return 1;
  }
  std::printf("listening on %s:%u\n", flags.host.c_str(), server.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  return 0;
}

}  // namespace
}  // namespace relay::echo

int main(int count, char** arguments) {
  const auto flags = relay::echo::read_flags(count, arguments);
  return flags ? relay::echo::run(*flags) : 2;
}
