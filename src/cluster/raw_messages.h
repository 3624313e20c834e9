#pragma once
// Messages as they came from the bus, from one relay to another that has missed them: their texts, each with
// its length before it. Threading: any.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/message_ring.h"

namespace relay {

inline constexpr std::size_t raw_parts_max = 256;  // of one message

void append_raw_message(std::string& out, const MessageRing::Raw& raw);
// Nullopt for what is no such list.
[[nodiscard]] std::optional<std::vector<MessageRing::Raw>> read_raw_messages(std::string_view bytes);

}  // namespace relay
