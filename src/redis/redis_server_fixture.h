#pragma once
// For tests: a Redis server of their own on a free port, with its files in a folder of its own, which ends
// with the object.

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "redis/redis_url.h"

namespace relay {

struct RedisServerStart {
  std::vector<std::string> options = {};  // more of its command line
  std::string configuration = {};         // not empty: a file of this text stands in for our own options
  std::uint16_t port = 0;                 // 0: a free one
};

class RedisServer {
 public:
  // Starts `redis-server` and waits until it takes connections. In the options `{folder}` stands for the
  // server's folder and `{port}` for its port.
  explicit RedisServer(RedisServerStart start = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // Whether there is a redis-server on this machine.
  [[nodiscard]] static bool is_installed();
  [[nodiscard]] static std::uint16_t free_port();

  // Whether it came up. Its output says why not.
  [[nodiscard]] bool runs() const noexcept { return runs_; }
  [[nodiscard]] const std::string& output() const noexcept { return output_; }
  [[nodiscard]] RedisEndpoint endpoint() const { return {"127.0.0.1", port_}; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  void kill();
  void pause() const;
  void resume() const;

 private:
  [[nodiscard]] bool await_readiness(int descriptor);

  const std::uint16_t port_;
  std::string folder_;
  std::string output_;
  pid_t process_ = -1;
  bool runs_ = false;
};

}  // namespace relay
