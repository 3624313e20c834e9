#pragma once
// Who is in a room at the moment, asked of all workers.
//
// Threading: bound to the worker that asks.

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "hub/local_hub.h"

namespace relay {

// Sockets by account.
using RoomAccounts = std::map<std::string, std::size_t>;

// `callback` comes once, perhaps before this returns; nullopt when a worker did not answer in time.
void survey_presence(LocalHub& hub, const std::string& room, std::chrono::milliseconds timeout,
                     std::move_only_function<void(const std::optional<RoomAccounts>&)> callback);

}  // namespace relay
