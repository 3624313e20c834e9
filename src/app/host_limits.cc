#include "app/host_limits.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include <sys/resource.h>

#include <sched.h>
#include <unistd.h>

namespace relay {
namespace {

constexpr std::size_t connections_max_default_max = 1'000'000;

// Small files of the kernel; empty when there is no such file.
std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<std::uint64_t> take_number(std::string_view& text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// The value of a limit in this process's cgroup or in one above it, whichever is the lowest. Inside a
// container the path that /proc tells may not exist, and its root is then the container's own.
template <typename Parse>
auto lowest_cgroup_limit(const std::string& root, std::string path, const std::string& file, Parse parse)
    -> decltype(parse(std::string_view())) {
  decltype(parse(std::string_view())) lowest;
  for (;;) {
    const auto limit = parse(read_text(root + path + "/" + file));
    if (limit && (!lowest || *limit < *lowest)) lowest = limit;
    if (path.empty()) return lowest;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

// The path after the controllers in a line of /proc/self/cgroup, without a slash at its end; empty: the root.
std::string cgroup_path(std::string_view controllers) {
  const std::string text = read_text("/proc/self/cgroup");
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string list = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    if (list.find("," + std::string(controllers) + ",") == std::string::npos) continue;
    const std::string_view path = line.substr(second + 1);
    return path == "/" ? std::string() : std::string(path);
  }
  return {};
}

std::optional<unsigned> cpu_quota() {
  const std::string mount = "/sys/fs/cgroup";
  if (const auto limit = lowest_cgroup_limit(mount, cgroup_path(""), "cpu.max", parse_cpu_max)) return limit;
  const std::string folder = mount + "/cpu" + cgroup_path("cpu");
  const std::string quota = read_text(folder + "/cpu.cfs_quota_us");
  return parse_cpu_max(quota + " " + read_text(folder + "/cpu.cfs_period_us"));
}

unsigned count_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned cpus = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  if (const auto quota = cpu_quota()) cpus = std::min(cpus, *quota);
  return std::max(1U, cpus);
}

std::uint64_t measure_memory() {
  const auto pages = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_PHYS_PAGES)));
  const auto page_bytes = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_PAGESIZE)));
  std::uint64_t bytes = pages * page_bytes;
  const std::string mount = "/sys/fs/cgroup";
  auto limit = lowest_cgroup_limit(mount, cgroup_path(""), "memory.max", parse_memory_max);
  if (!limit) {
    limit = lowest_cgroup_limit(mount + "/memory", cgroup_path("memory"), "memory.limit_in_bytes",
                                parse_memory_max);
  }
  return limit ? std::min(bytes, *limit) : bytes;
}

}  // namespace

HostLimits measure_host_limits() {
  HostLimits limits{.cpus = count_cpus(), .memory_bytes = measure_memory()};
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) limits.open_files = files.rlim_max;
  return limits;
}

void raise_open_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == files.rlim_max) return;
  files.rlim_cur = files.rlim_max;
  // A kernel that refuses leaves the limit as it was, which the relay can live with.
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &files));
}

unsigned default_workers(const HostLimits& limits) noexcept {
  return std::clamp(limits.cpus, 1U, workers_max);
}

std::size_t default_connections_max(const HostLimits& limits) noexcept {
  const std::uint64_t reserve = std::max<std::uint64_t>(128, limits.open_files / 16);
  const std::uint64_t free =
      limits.open_files > 2 * reserve ? limits.open_files - reserve : limits.open_files / 2;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(free, 1, connections_max_default_max));
}

std::optional<unsigned> parse_cpu_max(std::string_view text) noexcept {
  const auto quota = take_number(text);
  const auto period = take_number(text);
  if (!quota || !period || *period == 0 || *quota == 0) return std::nullopt;
  const std::uint64_t cpus = *quota / *period + (*quota % *period == 0 ? 0 : 1);
  return static_cast<unsigned>(std::min<std::uint64_t>(cpus, std::numeric_limits<unsigned>::max()));
}

std::optional<std::uint64_t> parse_memory_max(std::string_view text) noexcept {
  // cgroup v1 says "none" with the largest multiple of a page.
  constexpr std::uint64_t no_limit_from = std::uint64_t{1} << 60;
  const auto bytes = take_number(text);
  if (!bytes || *bytes == 0 || *bytes >= no_limit_from) return std::nullopt;
  return bytes;
}

}  // namespace relay
