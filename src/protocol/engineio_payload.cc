#include "protocol/engineio_payload.h"

namespace relay::engineio {

std::optional<std::string_view> PayloadReader::next() noexcept {
  if (done_) return std::nullopt;
  const std::size_t separator = rest_.find(record_separator);
  const std::string_view packet = rest_.substr(0, separator);
  done_ = separator == std::string_view::npos;
  if (!done_) rest_.remove_prefix(separator + 1);
  return packet;
}

}  // namespace relay::engineio
