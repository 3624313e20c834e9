#pragma once
// The Lua text of PublishScript; it speaks the language of publish_script.cc alone. Threading: any.

#include <string>

#include "cluster/publish_script.h"

namespace relay {

// For batches in which some messages have nonces, or none has: most have none, and each line of a script is
// paid for with each batch.
[[nodiscard]] std::string publish_script_text(BusAdapter adapter, bool with_nonces);

}  // namespace relay
