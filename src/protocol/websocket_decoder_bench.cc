#include <span>
#include <string>

#include <benchmark/benchmark.h>

#include "protocol/websocket_decoder.h"

namespace relay::websocket {
namespace {

// A text frame with a mask of zeros, which can be decoded again and again where it lies.
std::string text_frame(std::size_t payload_bytes) {
  std::string out = "\x81";
  if (payload_bytes <= 125) {
    out += static_cast<char>(0x80U | payload_bytes);
  } else {
    out += '\xFF';
    for (std::size_t i = 8; i > 0; --i) out += static_cast<char>(payload_bytes >> (8 * (i - 1)) & 0xFFU);
  }
  return out + std::string(4, '\0') + std::string(payload_bytes, 'x');
}

void decode_a_whole_message(benchmark::State& state) {
  std::string wire = text_frame(static_cast<std::size_t>(state.range(0)));
  Decoder decoder(1'000'000);
  for (auto _ : state) {
    std::span<char> input(wire);
    benchmark::DoNotOptimize(decoder.next(input).has_value());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(wire.size()));
}
BENCHMARK(decode_a_whole_message)->Arg(16)->Arg(120)->Arg(1000)->Arg(100'000);

void decode_a_message_in_two_pieces(benchmark::State& state) {
  std::string wire = text_frame(1000);
  Decoder decoder(1'000'000);
  for (auto _ : state) {
    std::span<char> first = std::span(wire).first(300);
    std::span<char> second = std::span(wire).subspan(300);
    benchmark::DoNotOptimize(decoder.next(first).has_value());
    benchmark::DoNotOptimize(decoder.next(second).has_value());
    benchmark::DoNotOptimize(decoder.next(second).has_value());
  }
}
BENCHMARK(decode_a_message_in_two_pieces);

}  // namespace
}  // namespace relay::websocket
