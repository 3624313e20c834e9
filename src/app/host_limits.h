#pragma once
// What the machine, or the container, lets this process use: the source of defaults that no constant can
// give.
//
// Threading: any.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace relay {

struct HostLimits {
  unsigned cpus = 1;  // by affinity and cgroup quota, at least 1
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  std::uint64_t open_files = 1024;  // the hard limit, to which raise_open_file_limit() goes
};

[[nodiscard]] HostLimits measure_host_limits();

// Raises this process's limit of open files as far as it may without privileges.
void raise_open_file_limit();

inline constexpr unsigned workers_max = 64;

[[nodiscard]] unsigned default_workers(const HostLimits& limits) noexcept;

// Sessions for which there are descriptors: a part is kept back for HTTP, listeners and the bus.
[[nodiscard]] std::size_t default_connections_max(const HostLimits& limits) noexcept;

// The CPUs that a cgroup's cpu.max (`200000 100000`) or a quota and a period allow, rounded up; nullopt: no
// limit.
[[nodiscard]] std::optional<unsigned> parse_cpu_max(std::string_view text) noexcept;

// A cgroup's memory.max; nullopt: `max`, or so much that it means none.
[[nodiscard]] std::optional<std::uint64_t> parse_memory_max(std::string_view text) noexcept;

}  // namespace relay
