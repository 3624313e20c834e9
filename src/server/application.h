#pragma once
// What is built on the Socket.IO server: one object for each worker, used on that worker's thread only.

#include <functional>
#include <memory>
#include <string_view>

#include "net/http_handler.h"

namespace relay {

class Worker;

class Application {
 public:
  virtual ~Application() = default;

  // Who answers HTTP requests of a path, which has been compared with no Engine.IO path yet; null when it is
  // not the application's.
  [[nodiscard]] virtual HttpHandler* http_handler(std::string_view path) = 0;
  // Who answers what is nobody's, and what is malformed.
  [[nodiscard]] virtual HttpHandler& fallback_handler() = 0;
  // The server is about to close all sessions.
  virtual void before_close() {}
};

// Called once for each worker, before the workers run. The worker has its hub; the application adds
// namespaces and mounts Engine.IO paths.
using ApplicationFactory = std::function<std::unique_ptr<Application>(Worker& worker)>;

}  // namespace relay
