#include "relay/publisher.h"

#include <utility>
#include <vector>

#include "base/time_text.h"

namespace relay {

// A publish that has not been answered, or whose fate is still unknown.
struct Publisher::Pending {
  Pending(Publisher& owning, PublishCallback call, SteadyTime when)
      : owner(owning), callback(std::move(call)), received(when), handle(owning.pending_.insert(*this)) {}
  ~Pending() { owner.pending_.erase(handle); }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  void on_deadline() { owner.on_bus_timeout(*this); }

  Publisher& owner;
  PublishCallback callback;  // empty once it was called
  const SteadyTime received;
  const Handle handle;
  std::string issued_at = {};
  std::optional<NonceClaim> claim = {};
  std::optional<SteadyTime> receipts_until = {};
  bool is_client_event = false;
  bool waits_for_twin = false;
  // For the log line only, and only when that line will be written.
  std::string room = {};
  std::string type = {};
  std::string nonce = {};
  std::string request_id = {};
  MemberTimer<Pending, &Pending::on_deadline> deadline{*this};
};

Publisher::Publisher(LocalHub& hub, NonceStore& nonces, Log& log, PublisherOptions options,
                     std::function<void(unsigned, std::move_only_function<void(Publisher&)>)> post)
    : hub_(hub), nonces_(nonces), log_(log), options_(std::move(options)), post_(std::move(post)) {
  hub_.set_outcome_handler([this](const PublishOutcome& outcome) { on_outcome(outcome); });
}

Publisher::~Publisher() {
  std::vector<Pending*> left;
  pending_.for_each([&](Pending& pending) { left.push_back(&pending); });
  for (Pending* const pending : left) delete pending;
}

// A pending publish owns itself until it is settled; the table finds it, and the destructor above ends what
// is left.
Publisher::Pending& Publisher::add_pending(PublishCallback callback, SteadyTime received) {
  return *new Pending(*this, std::move(callback), received);
}

void Publisher::publish(const PublishRequest& request, SteadyTime received, std::string_view request_id,
                        std::optional<std::chrono::milliseconds> receipt_timeout, PublishCallback callback) {
  Pending& pending = add_pending(std::move(callback), received);
  if (request.nonce && !options_.bus_remembers_nonces && !begin_nonce(pending, request)) return;
  if (receipt_timeout) {
    if (!hub_.receipts().open(pending.handle)) return give_up(pending, {.verdict = PublishVerdict::not_done});
    pending.receipts_until = hub_.loop().now() + *receipt_timeout;
  }
  if (request.timestamp) {
    pending.issued_at = *request.timestamp;
  } else {
    const TimeText now = format_rfc3339(hub_.loop().clock().wall());
    pending.issued_at.assign(now.begin(), now.end());
  }
  if (log_.enabled(LogLevel::info)) {
    pending.room = request.targets.front();
    pending.type = request.type;
    pending.nonce = request.nonce.value_or("");
    pending.request_id = request_id;
  }
  EncodedEvent encoded = encode_event(
      {.type = request.type, .payload_json = request.payload_json, .issued_at = pending.issued_at},
      options_.format);
  NewEvent event{.audience = {.rooms = request.targets, .except = request.except},
                 .packet = std::move(encoded.packet),
                 .offset_at = encoded.offset_at,
                 .is_volatile = request.is_volatile,
                 .is_listed = request.except.empty(),
                 .wants_receipts = receipt_timeout.has_value()};
  if (request.nonce && options_.bus_remembers_nonces) {
    event.once = std::make_shared<const OnceKey>(
        OnceKey{*request.nonce, std::string(bytes_of(body_fingerprint(request))), pending.issued_at});
  }
  hand_to_hub(pending, std::move(event));
}

bool Publisher::begin_nonce(Pending& pending, const PublishRequest& request) {
  NonceDecision decision = nonces_.begin(*request.nonce, body_fingerprint(request),
                                         {.worker = hub_.worker(), .ticket = pending.handle});
  switch (decision.verdict) {
    case NonceVerdict::started:
      pending.claim = decision.claim;
      return true;
    case NonceVerdict::duplicate:
      settle(pending, {.verdict = PublishVerdict::duplicate,
                       .id = std::move(decision.id),
                       .issued_at = std::move(decision.issued_at)});
      break;
    case NonceVerdict::conflict:
      settle(pending, {.verdict = PublishVerdict::conflict});
      break;
    case NonceVerdict::in_progress:
      // The one that is under way settles us too, if it hears of its fate in time.
      pending.waits_for_twin = true;
      pending.nonce = *request.nonce;
      hub_.loop().timers().arm(pending.deadline, hub_.loop().now(), options_.bus_timeout);
      break;
    // Too many wait for its twin already, which may well be accepted.
    case NonceVerdict::crowded:
      settle(pending, {.verdict = PublishVerdict::unknown});
      break;
    case NonceVerdict::full:
      settle(pending, {.verdict = PublishVerdict::not_done});
      break;
  }
  return false;
}

void Publisher::publish_client_event(std::string_view room, const EventContent& content,
                                     std::string_view except_socket_id, SteadyTime received,
                                     PublishCallback callback) {
  Pending& pending = add_pending(std::move(callback), received);
  pending.is_client_event = true;
  pending.issued_at = content.issued_at;
  EncodedEvent encoded = encode_event(content, options_.format);
  hand_to_hub(pending, {.audience = {.rooms = {std::string(room)}, .except = {std::string(except_socket_id)}},
                        .packet = std::move(encoded.packet),
                        .offset_at = encoded.offset_at});
}

void Publisher::hand_to_hub(Pending& pending, NewEvent event) {
  event.ticket = {.worker = hub_.worker(), .handle = pending.handle};
  event.received = pending.received;
  EventLoop& loop = hub_.loop();
  loop.timers().arm(pending.deadline, loop.now(), options_.bus_timeout);
  hub_.publish(std::move(event));
}

void Publisher::on_outcome(const PublishOutcome& outcome) {
  Pending* const pending = pending_.find(outcome.handle);
  if (pending == nullptr) return;
  switch (outcome.fate) {
    case PublishFate::accepted:
      return on_accepted(*pending, outcome);
    case PublishFate::unknown:
      return on_bus_timeout(*pending);
    case PublishFate::duplicate:
      return give_up(*pending, {.verdict = PublishVerdict::duplicate,
                                .id = outcome.earlier->offset,
                                .issued_at = outcome.earlier->note});
    case PublishFate::conflict:
      return give_up(*pending, {.verdict = PublishVerdict::conflict});
    case PublishFate::overloaded:
    case PublishFate::unavailable:
    case PublishFate::full:
      break;
  }
  give_up(*pending,
          {.verdict = PublishVerdict::not_done, .overloaded = outcome.fate == PublishFate::overloaded});
}

// Certainly not fanned out, or not again.
void Publisher::give_up(Pending& pending, const PublishResult& result) {
  if (pending.claim) answer_waiters(nonces_.abandon(*pending.claim), result);
  if (pending.receipts_until) hub_.receipts().abandon(pending.handle);
  settle(pending, result);
}

void Publisher::on_accepted(Pending& pending, const PublishOutcome& outcome) {
  const OffsetText offset = format_offset(outcome.epoch.text(), outcome.position);
  PublishResult result{.verdict = PublishVerdict::accepted,
                       .id = std::string(offset.begin(), offset.end()),
                       .issued_at = pending.issued_at,
                       .recipients = outcome.recipients};
  if (pending.claim) {
    PublishResult for_twins = result;
    for_twins.verdict = PublishVerdict::duplicate;
    answer_waiters(nonces_.complete(*pending.claim, result.id, result.issued_at), for_twins);
  }
  const std::optional<SteadyTime> receipts_until = pending.receipts_until;
  if (!receipts_until) return settle(pending, result);
  // It is done, but for the answer.
  PublishCallback callback = std::exchange(pending.callback, {});
  settle(pending, result);
  hub_.receipts().await(outcome.handle, outcome.position, outcome.recipients, *receipts_until,
                        [result, call = std::move(callback)](const ReceiptReport& report) mutable {
                          result.receipts = report;
                          if (call) call(result);
                        });
}

// Nobody knows what became of it. The publisher is told so; whoever uses the nonce again waits for the news,
// which may still come: the record stays for it.
void Publisher::on_bus_timeout(Pending& pending) {
  const PublishResult result{.verdict = PublishVerdict::unknown};
  if (pending.waits_for_twin) {
    nonces_.withdraw(pending.nonce, {.worker = hub_.worker(), .ticket = pending.handle});
  }
  if (pending.receipts_until) hub_.receipts().abandon(pending.handle);
  if (!pending.claim) return settle(pending, result);
  answer_waiters(nonces_.leave_unknown(*pending.claim), result);
  if (PublishCallback callback = std::exchange(pending.callback, {})) {
    probe_.publish_refused(PublishError::unavailable);
    callback(result);
  }
}

void Publisher::settle(Pending& owned, const PublishResult& result) {
  const std::unique_ptr<Pending> pending(&owned);
  pending_.erase(pending->handle);
  hub_.loop().update_now();
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(hub_.loop().now() - pending->received);
  const auto took_us = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  if (!pending->is_client_event) {
    switch (result.verdict) {
      case PublishVerdict::accepted:
        probe_.accepted.add();
        break;
      case PublishVerdict::duplicate:
        probe_.duplicates.add();
        break;
      case PublishVerdict::conflict:
        probe_.publish_refused(PublishError::nonce_conflict);
        break;
      case PublishVerdict::not_done:
      case PublishVerdict::unknown:
        if (pending->callback) probe_.publish_refused(PublishError::unavailable);
        break;
    }
    if (result.verdict == PublishVerdict::accepted) {
      probe_.publish.record_us(took_us);
      log_accepted(*pending, result, static_cast<double>(took_us) / 1000.0);
    }
  }
  if (pending->callback) pending->callback(result);
}

void Publisher::answer_waiters(const std::vector<NonceWaiter>& waiters, const PublishResult& result) {
  for (const NonceWaiter& waiter : waiters) {
    if (waiter.worker == hub_.worker()) {
      on_twin_settled(waiter.ticket, result);
    } else {
      post_(waiter.worker,
            [ticket = waiter.ticket, result](Publisher& there) { there.on_twin_settled(ticket, result); });
    }
  }
}

void Publisher::on_twin_settled(Handle waiter, const PublishResult& result) {
  if (Pending* const pending = pending_.find(waiter)) settle(*pending, result);
}

// ---- the log line

bool Publisher::sample_log_line(std::uint64_t& rate) {
  rate = 1;
  if (options_.log_sample_over == 0) return true;
  const SteadyTime now = hub_.loop().now();
  if (now - sample_second_ >= std::chrono::seconds(1)) {
    sample_second_ = now;
    lines_this_second_ = 0;
  }
  const unsigned line = ++lines_this_second_;
  if (line <= options_.log_sample_over) return true;
  rate = 100;
  return line % 100 == 0;
}

void Publisher::log_accepted(const Pending& pending, const PublishResult& result, double latency_ms) {
  if (!log_.enabled(LogLevel::info)) return;
  std::uint64_t rate = 1;
  if (!sample_log_line(rate)) return;
  if (rate > 1) {
    log_.info("event published", {{"reqId", pending.request_id},
                                  {"room", pending.room},
                                  {"type", pending.type},
                                  {"id", result.id},
                                  {"recipients", result.recipients},
                                  {"latencyMs", latency_ms},
                                  {"sampled", rate}});
  } else if (pending.nonce.empty()) {
    log_.info("event published", {{"reqId", pending.request_id},
                                  {"room", pending.room},
                                  {"type", pending.type},
                                  {"id", result.id},
                                  {"recipients", result.recipients},
                                  {"latencyMs", latency_ms}});
  } else {
    log_.info("event published", {{"reqId", pending.request_id},
                                  {"room", pending.room},
                                  {"type", pending.type},
                                  {"nonce", pending.nonce},
                                  {"id", result.id},
                                  {"recipients", result.recipients},
                                  {"latencyMs", latency_ms}});
  }
}

}  // namespace relay
