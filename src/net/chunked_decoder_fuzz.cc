// However a chunked body is cut into pieces, the outcome is the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/chunked_decoder.h"

namespace {

struct Outcome {
  bool failed = false;
  bool done = false;
  std::string body;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view wire, std::size_t step) {
  relay::ChunkedDecoder decoder(1000);
  Outcome outcome;
  while (!wire.empty() && !outcome.done) {
    std::string_view piece = wire.substr(0, step);
    wire.remove_prefix(piece.size());
    const auto fed = decoder.feed(piece, outcome.body);
    if (!fed) return {.failed = true, .done = false, .body = {}};
    outcome.done = *fed;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data + 1), size - 1);
  const Outcome whole = decode(wire, wire.size());
  const Outcome pieces = decode(wire, data[0] % 16 + 1U);
  if (!(whole == pieces) || whole.body.size() > 1000) std::abort();
  return 0;
}
