#include <string>

#include <benchmark/benchmark.h>

#include "base/utf8.h"
#include "protocol/json_scanner.h"
#include "protocol/socketio_packet.h"

namespace relay {
namespace {

// About 160 bytes, as an event usually is.
const std::string event =
    R"(["order.updated",{"id":"01HZX3V8Q2K7","status":"shipped","items":[{"sku":"A-1","count":2},{"sku":"B7",)"
    R"("count":1}],"total":129.5,"note":"leave at the door"}])";

void validate_an_event(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(validate_json(event, 64).has_value());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(event.size()));
}
BENCHMARK(validate_an_event);

void validate_utf8_of_an_event(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(event));
}
BENCHMARK(validate_utf8_of_an_event);

void parse_an_event_packet(benchmark::State& state) {
  const std::string packet = "2/chat,17" + event;
  for (auto _ : state) benchmark::DoNotOptimize(socketio::parse_packet(packet, 64).has_value());
}
BENCHMARK(parse_an_event_packet);

void validate_a_long_string(benchmark::State& state) {
  const std::string text = '"' + std::string(100'000, 'x') + '"';
  for (auto _ : state) benchmark::DoNotOptimize(validate_json(text, 64).has_value());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(validate_a_long_string);

}  // namespace
}  // namespace relay
