#include "api/prometheus_families.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "api/metric_family.h"
#include "engine/close_reason.h"
#include "engine/session_error.h"

namespace relay {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::string snake_case(std::string_view words) {
  std::string name(words);
  std::ranges::replace(name, ' ', '_');
  return name;
}

constexpr std::array<std::string_view, session_errors_count> session_error_names{
    "transport_unknown", "session_unknown", "bad_handshake_method",
    "bad_request",       "forbidden",       "unsupported_protocol"};

// Sums over the workers.
class Totals {
 public:
  explicit Totals(const NodeView& node) : node_(node) {}

  double engine(const std::function<double(const EngineProbe&)>& read) const {
    double total = 0;
    for (const auto& worker : node_.server.workers()) total += read(worker->engine_probe());
    return total;
  }
  double hub(const std::function<double(const HubProbe&)>& read) const {
    double total = 0;
    for (const auto& worker : node_.server.workers()) total += read(worker->hub_probe());
    return total;
  }
  double net(const std::function<double(const NetProbe&)>& read) const {
    double total = 0;
    for (const auto& worker : node_.server.workers()) total += read(worker->net_probe());
    return total;
  }
  double relay(const std::function<double(const RelayProbe&)>& read) const {
    double total = 0;
    for (const RelayProbe* const probe : node_.relay_probes) total += read(*probe);
    return total;
  }

 private:
  const NodeView& node_;
};

void add_sessions(std::vector<MetricFamily>& families, const Totals& totals) {
  Family connections(families, "connections", "Engine.IO sessions that are open", MetricType::Gauge);
  connections.add(totals.engine([](const EngineProbe& p) { return value(p.polling_sessions); }),
                  {{"transport", "polling"}});
  connections.add(totals.engine([](const EngineProbe& p) { return value(p.websocket_sessions); }),
                  {{"transport", "websocket"}});
  Family(families, "sessions_opened_total", "Engine.IO sessions opened", MetricType::Counter)
      .add(totals.engine([](const EngineProbe& p) { return value(p.sessions_opened); }));
  Family closed(families, "sessions_closed_total", "Engine.IO sessions closed", MetricType::Counter);
  for (std::size_t i = 0; i < close_reasons_count; ++i) {
    closed.add(totals.engine([i](const EngineProbe& p) { return value(p.sessions_closed[i]); }),
               {{"reason", snake_case(to_string(static_cast<CloseReason>(i)))}});
  }
  Family(families, "upgrades_total", "Sessions that moved from polling to WebSocket", MetricType::Counter)
      .add(totals.engine([](const EngineProbe& p) { return value(p.upgrades); }));
  Family failures(families, "handshake_failures_total", "Refused Engine.IO requests and CONNECTs",
                  MetricType::Counter);
  for (std::size_t i = 0; i < session_errors_count; ++i) {
    failures.add(totals.engine([i](const EngineProbe& p) { return value(p.refused[i]); }),
                 {{"code", std::string(session_error_names[i])}});
  }
  failures.add(totals.engine([](const EngineProbe& p) { return value(p.refused_full); }), {{"code", "full"}});
  for (std::size_t i = 0; i < token_refusals_count; ++i) {
    failures.add(totals.relay([i](const RelayProbe& p) { return value(p.tokens_refused[i]); }),
                 {{"code", std::string(to_string(static_cast<TokenRefusalCode>(i)))}});
  }
}

void add_publishes(std::vector<MetricFamily>& families, const NodeView& node, const Totals& totals) {
  Family published(families, "events_published_total", "Events of POST /events by what became of them",
                   MetricType::Counter);
  published.add(totals.relay([](const RelayProbe& p) { return value(p.accepted); }),
                {{"outcome", "accepted"}});
  published.add(totals.relay([](const RelayProbe& p) { return value(p.duplicates); }),
                {{"outcome", "duplicate"}});
  for (std::size_t i = 0; i < publish_errors_count; ++i) {
    published.add(totals.relay([i](const RelayProbe& p) { return value(p.refused[i]); }),
                  {{"outcome", std::string(to_string(static_cast<PublishError>(i)))}});
  }
  Family clients(families, "client_events_total", "Events emitted by clients by what became of them",
                 MetricType::Counter);
  clients.add(totals.relay([](const RelayProbe& p) { return value(p.client_events_accepted); }),
              {{"outcome", "accepted"}});
  for (std::size_t i = 0; i < client_event_refusals_count; ++i) {
    clients.add(totals.relay([i](const RelayProbe& p) { return value(p.client_events_refused[i]); }),
                {{"outcome", std::string(to_string(static_cast<ClientEventRefusal>(i)))}});
  }
  Family(families, "duplicates_total", "Publishes answered from a remembered nonce", MetricType::Counter)
      .add(totals.relay([](const RelayProbe& p) { return value(p.duplicates); }));
  Family(families, "nonces", "Nonces remembered or in progress", MetricType::Gauge)
      .add(static_cast<double>(node.nonces.size()));

  std::vector<const LatencyHistogram*> publish;
  publish.reserve(node.relay_probes.size());
  for (const RelayProbe* const probe : node.relay_probes) publish.push_back(&probe->publish);
  Family(families, "publish_duration_seconds", "From a publish's arrival to its last local write queued",
         MetricType::Histogram)
      .add_histogram(merge(publish));
  std::vector<const LatencyHistogram*> fanout;
  fanout.reserve(node.server.workers().size());
  for (const auto& worker : node.server.workers()) fanout.push_back(&worker->hub_probe().fanout);
  Family(families, "fanout_duration_seconds",
         "From a publish's arrival to a worker's last byte of it written", MetricType::Histogram)
      .add_histogram(merge(fanout));
}

void add_delivery(std::vector<MetricFamily>& families, const NodeView& node, const Totals& totals) {
  const EventLog::Levels levels = node.server.log().levels();
  Family(families, "rooms", "Rooms with at least one socket on this node, accounts' own included",
         MetricType::Gauge)
      .add(static_cast<double>(levels.rooms));
  Family(families, "deliveries_total", "Events queued for a socket", MetricType::Counter)
      .add(totals.hub([](const HubProbe& p) { return value(p.deliveries); }));
  Family(families, "delivered_bytes_total", "Bytes of events and control packets handed to the kernel",
         MetricType::Counter)
      .add(totals.engine([](const EngineProbe& p) { return value(p.delivered_bytes); }));
  Family(families, "write_calls_total", "System calls that wrote to WebSockets", MetricType::Counter)
      .add(totals.engine([](const EngineProbe& p) { return value(p.write_calls); }));
  Family(families, "backlog_bytes", "Bytes that clients have not taken yet", MetricType::Gauge)
      .add(static_cast<double>(node.server.shared().backlog_bytes.load(std::memory_order_relaxed)));
  Family(families, "slow_consumers_total", "Clients closed because they did not read", MetricType::Counter)
      .add(totals.engine([](const EngineProbe& p) {
        return value(p.sessions_closed[static_cast<std::size_t>(CloseReason::slow_consumer)]);
      }));
  Family(families, "retained_events", "Events kept for recovery and history", MetricType::Gauge)
      .add(static_cast<double>(levels.retained_events));
  Family(families, "retained_bytes", "Bytes of the log, frames and records", MetricType::Gauge)
      .add(static_cast<double>(levels.retained_bytes));
}

void add_recovery(std::vector<MetricFamily>& families, const NodeView& node, const Totals& totals) {
  Family recoveries(families, "recoveries_total", "Clients that wanted to go on from where they were",
                    MetricType::Counter);
  for (std::size_t i = 0; i < recovery_outcomes_count; ++i) {
    recoveries.add(totals.relay([i](const RelayProbe& p) { return value(p.recoveries[i]); }),
                   {{"outcome", std::string(to_string(static_cast<RecoveryOutcome>(i)))}});
  }
  Family(families, "replayed_events_total", "Events that sockets were sent again", MetricType::Counter)
      .add(totals.hub([](const HubProbe& p) { return value(p.replayed); }));
  Family(families, "replays_overtaken_total", "Sockets closed because what they missed was evicted first",
         MetricType::Counter)
      .add(totals.hub([](const HubProbe& p) { return value(p.overtaken); }));
  Family(families, "syncs_total", "Quiet sockets that were told their position", MetricType::Counter)
      .add(totals.relay([](const RelayProbe& p) { return value(p.syncs); }));
  Family refreshes(families, "token_refreshes_total", "Tokens that clients renewed, by outcome",
                   MetricType::Counter);
  refreshes.add(totals.relay([](const RelayProbe& p) { return value(p.tokens_refreshed); }),
                {{"outcome", "accepted"}});
  for (std::size_t i = 0; i < token_refusals_count; ++i) {
    refreshes.add(totals.relay([i](const RelayProbe& p) { return value(p.refreshes_refused[i]); }),
                  {{"outcome", std::string(to_string(static_cast<TokenRefusalCode>(i)))}});
  }
  double confirmed = 0;
  double missing = 0;
  double refused = 0;
  for (const auto& worker : node.server.workers()) {
    const ReceiptProbe& probe = worker->receipt_probe();
    confirmed += value(probe.confirmed);
    missing += value(probe.missing);
    refused += value(probe.refused);
  }
  Family receipts(families, "receipts_total", "Recipients of events whose publisher waited for them",
                  MetricType::Counter);
  receipts.add(confirmed, {{"outcome", "confirmed"}});
  receipts.add(missing, {{"outcome", "missing"}});
  Family(families, "receipts_refused_total", "Publishes refused because too many wait for receipts",
         MetricType::Counter)
      .add(refused);
}

// Families of parts that are not built yet, so that a dashboard finds their names.
void add_quiet(std::vector<MetricFamily>& families) {
  Family(families, "rate_limited_total", "Refused by a rate limit", MetricType::Counter);
  Family(families, "webhook_deliveries_total", "Webhook deliveries by outcome", MetricType::Counter);
}

void add_process_side(std::vector<MetricFamily>& families, const NodeView& node, const Totals& totals) {
  Family lag(families, "loop_lag_seconds", "Longest turn of a worker since the last scrape",
             MetricType::Gauge);
  for (const auto& worker : node.server.workers()) {
    const auto longest = worker->probe().longest_turn_us.exchange(0, std::memory_order_relaxed);
    lag.add(static_cast<double>(longest) / 1e6, {{"worker", std::to_string(worker->index())}});
  }
  Family(families, "tcp_connections", "HTTP connections that are open, WebSockets not included",
         MetricType::Gauge)
      .add(totals.net([](const NetProbe& p) { return value(p.connections_open); }));
  Family(families, "tcp_accepted_total", "TCP connections accepted", MetricType::Counter)
      .add(totals.net([](const NetProbe& p) { return value(p.connections_accepted); }));
  Family(families, "tcp_refused_total", "TCP connections refused for want of descriptors",
         MetricType::Counter)
      .add(totals.net([](const NetProbe& p) { return value(p.connections_refused); }));
  Family(families, "http_malformed_total", "Requests that were no HTTP", MetricType::Counter)
      .add(totals.net([](const NetProbe& p) { return value(p.requests_malformed); }));
  Family(families, "http_timeouts_total", "Requests that did not arrive in time", MetricType::Counter)
      .add(totals.net([](const NetProbe& p) { return value(p.requests_timed_out); }));
  Family(families, "untrusted_overflows_total", "Closed to bound the unfinished messages of strangers",
         MetricType::Counter)
      .add(totals.engine([](const EngineProbe& p) { return value(p.untrusted_overflows); }));
  Family(families, "log_lines_dropped_total", "Log lines that the reader was too slow for",
         MetricType::Counter)
      .add(static_cast<double>(node.log.dropped_lines()));
}

}  // namespace

std::vector<prometheus::MetricFamily> collect_families(const NodeView& node) {
  std::vector<MetricFamily> families;
  families.reserve(128);  // a Family points into it
  const Totals totals(node);
  add_sessions(families, totals);
  add_publishes(families, node, totals);
  add_delivery(families, node, totals);
  add_recovery(families, node, totals);
  append_bus_families(families, node);
  add_quiet(families);
  add_process_side(families, node, totals);
  append_process_families(families);
  return families;
}

}  // namespace relay
