#pragma once
// What happened to the Engine.IO sessions of one worker. Written by that worker only.

#include <array>

#include "base/counter.h"
#include "engine/close_reason.h"
#include "engine/session_error.h"

namespace relay {

struct EngineProbe {
  Gauge polling_sessions;
  Gauge websocket_sessions;
  Counter sessions_opened;
  Counter upgrades;
  std::array<Counter, close_reasons_count> sessions_closed;
  std::array<Counter, session_errors_count> refused;
  Counter refused_full;
  Counter delivered_bytes;  // event and control bytes handed to the kernel
  Counter write_calls;
  Counter
      untrusted_overflows;  // closed because unfinished messages of untrusted sessions filled their budget

  void session_closed(CloseReason reason) { sessions_closed[static_cast<std::size_t>(reason)].add(); }
  void request_refused(SessionError error) { refused[static_cast<std::size_t>(error)].add(); }
};

}  // namespace relay
