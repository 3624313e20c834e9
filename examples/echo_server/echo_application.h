#pragma once
// The smallest application on the Socket.IO server: two namespaces that echo, and bare Engine.IO that echoes
// too.
//
// One for each worker.

#include <memory>
#include <optional>
#include <string_view>

#include "engine/engine_options.h"
#include "server/socketio_server.h"

namespace relay::echo {

struct EchoOptions {
  EngineOptions engine;  // but for the path
};

[[nodiscard]] std::unique_ptr<Application> make_echo_application(Worker& worker, const EchoOptions& options);

}  // namespace relay::echo
