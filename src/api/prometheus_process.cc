#include <cstdint>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>

#include <dirent.h>
#include <unistd.h>

#include "api/prometheus_families.h"

namespace relay {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

void add(std::vector<MetricFamily>& families, std::string name, std::string help, MetricType type,
         double value) {
  prometheus::ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  families.push_back({std::move(name), std::move(help), type, {std::move(metric)}});
}

std::size_t open_descriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  std::size_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count > 3 ? count - 3 : 0;  // `.`, `..` and the folder itself
}

double boot_time_seconds() {
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

// The fields of /proc/self/stat behind the program's name, which may hold blanks; the first is number 3 of
// proc(5).
std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  std::vector<double> fields;
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(text.substr(name_end + 1));
  std::string state;
  rest >> state;
  fields.push_back(0);
  for (double field = 0; rest >> field;) fields.push_back(field);
  return fields;
}

// In nanoseconds: /proc counts in ticks of 10 ms, more than a relay that has just started has used.
double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace

void append_process_families(std::vector<MetricFamily>& families) {
  const auto fields = stat_fields();
  const auto field = [&](std::size_t number) {
    return number - 3 < fields.size() ? fields[number - 3] : 0.0;
  };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  add(families, "process_cpu_seconds_total", "User and system CPU time", MetricType::Counter, cpu_seconds());
  add(families, "process_resident_memory_bytes", "Resident memory", MetricType::Gauge,
      field(24) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  add(families, "process_virtual_memory_bytes", "Virtual memory", MetricType::Gauge, field(23));
  add(families, "process_open_fds", "Open file descriptors", MetricType::Gauge,
      static_cast<double>(open_descriptors()));
  add(families, "process_max_fds", "Limit of open file descriptors", MetricType::Gauge,
      static_cast<double>(files.rlim_cur));
  add(families, "process_threads", "Threads", MetricType::Gauge, field(20));
  add(families, "process_start_time_seconds", "Start of the process since 1970", MetricType::Gauge,
      boot_time_seconds() + field(22) / ticks);
}

}  // namespace relay
