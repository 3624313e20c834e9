#include "hub/local_hub.h"

#include <algorithm>
#include <utility>

#include "hub/client.h"
#include "net/http_message.h"

namespace relay {

LocalHub::LocalHub(unsigned worker, const HubOptions& options, EventLoop& loop, EventLog& log,
                   ClusterBus& bus, HubShared& shared)
    : worker_(worker),
      options_(options),
      loop_(loop),
      log_(log),
      bus_(bus),
      shared_(shared),
      receipts_(loop, shared.open_receipts),
      confirmations_(log.workers_count()) {
  if (log_.retains()) on_sweep_timer();
}

LocalHub::~LocalHub() = default;

void LocalHub::add_namespace(std::string name, NamespaceHandler& handler) {
  namespaces_.push_back(std::make_unique<Namespace>(std::move(name), handler, *this));
}

void LocalHub::set_handshake_reader(
    std::function<std::unique_ptr<HandshakeData>(const HttpRequest&)> reader) {
  handshake_reader_ = std::move(reader);
}

void LocalHub::set_outcome_handler(std::function<void(const PublishOutcome&)> handler) {
  outcome_handler_ = std::move(handler);
}

Namespace* LocalHub::find_namespace(std::string_view name) const {
  const auto found =
      std::ranges::find_if(namespaces_, [&](const auto& each) { return each->name() == name; });
  return found == namespaces_.end() ? nullptr : found->get();
}

std::unique_ptr<SessionListener> LocalHub::accept(EngineSession& session, const HttpRequest& request) {
  return std::make_unique<Client>(*this, session, handshake_reader_ ? handshake_reader_(request) : nullptr);
}

// ---- the turn

std::size_t LocalHub::deliver_batch() {
  reading_.clear();
  delivered_.clear();
  log_.read(worker_, entries_per_read, reading_);
  std::size_t bytes = 0;
  for (LogEntry* const entry : reading_) {
    if (entry->kind != EntryKind::event) {
      take_notice(*entry);
      delivered_.push_back({entry, 0});
      continue;
    }
    Namespace* const target = find_namespace(entry->audience.namespace_name);
    const std::size_t recipients = target == nullptr ? 0 : target->deliver(*entry);
    delivered_.push_back({entry, recipients});
    probe_.events_delivered.add();
    probe_.deliveries.add(recipients);
    bytes += entry->bytes + recipients * entry->packet->bytes.size();
    if (recipients > 0 && entry->received != SteadyTime()) unmeasured_.push_back(entry->received);
  }
  if (!delivered_.empty()) log_.report(worker_, delivered_);
  // Notices have none, and yet there may be more behind them.
  return std::max(bytes, delivered_.size());
}

void LocalHub::take_notice(const LogEntry& entry) {
  const bool is_loss = entry.kind == EntryKind::loss;
  if (is_loss) members_.for_each([](Member& member) { member.cut_off(); });
  for (const auto& each : namespaces_) {
    is_loss ? each->handler().on_events_lost() : each->handler().on_epoch_ended(entry.epoch);
  }
}

void LocalHub::deliver_up_to(Position head) {
  // The head of a quiet room is behind us already in nearly every call; one that is not is reached in a few
  // batches.
  while (log_.cursor(worker_) < head) deliver_batch();
}

bool LocalHub::take_outcomes() {
  outcomes_.clear();
  log_.take_outcomes(worker_, outcomes_);
  for (const PublishOutcome& outcome : outcomes_) {
    if (outcome_handler_) outcome_handler_(outcome);
  }
  return !outcomes_.empty();
}

bool LocalHub::run_log() {
  bus_.flush();
  std::size_t bytes = 0;
  while (log_.has_unread(worker_)) {
    bytes += deliver_batch();
    if (bytes > bytes_per_turn_max) break;
  }
  run_replays();
  if (sweep_due_) sweep();
  send_confirmations();
  // An outcome may publish again (the next request of a pipeline); that is for the next turn.
  const bool more = take_outcomes();
  return more || log_.has_unread(worker_);
}

void LocalHub::on_bus_ready() {
  std::vector<Handle> waiting;
  waiting_clients_.for_each([&](Client& client) { waiting.push_back(client.waiting_handle()); });
  for (const Handle handle : waiting) {
    if (Client* const client = waiting_clients_.find(handle)) client->on_bus_ready();
  }
}

void LocalHub::run_on(unsigned worker, std::move_only_function<void(LocalHub&)> task) {
  if (worker == worker_) {
    task(*this);
  } else {
    shared_.post(worker, std::move(task));
  }
}

void LocalHub::after_flush() {
  if (unmeasured_.empty()) return;
  loop_.update_now();
  for (const SteadyTime received : unmeasured_) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - received);
    probe_.fanout.record_us(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
  }
  unmeasured_.clear();
}

}  // namespace relay
