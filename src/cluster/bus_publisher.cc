#include "cluster/bus_publisher.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/random.h"
#include "cluster/event_conversion.h"
#include "relay/event_encoder.h"

namespace relay {
namespace {

// A run that is not answered within this part of the deadline is tried again.
constexpr int attempts_in_time = 3;

std::size_t bytes_of(const NewEvent& event) {
  return sizeof event + event.packet->bytes.size();
}

PublishScriptOptions with_nonce_lifetime(PublishScriptOptions script, std::chrono::milliseconds lifetime) {
  script.nonce_lifetime = lifetime;
  return script;
}

// This server will not run a script, but another one may: the master after a failover, or this one later.
bool is_of_server(const RedisReply& reply) {
  const std::string_view code = reply.error_code();
  return code == "READONLY" || code == "LOADING" || code == "MASTERDOWN" || code == "NOAUTH";
}

}  // namespace

BusPublisher::BusPublisher(EventLoop& loop, BusPublisherOptions options, const BusFormat& format,
                           EventLog& log, BusProbe& probe, Calls calls)
    : loop_(loop),
      options_(std::move(options)),
      format_(format),
      log_(log),
      probe_(probe),
      calls_(std::move(calls)),
      script_(options_.script),
      probe_script_(with_nonce_lifetime(options_.script, std::chrono::milliseconds(1))),
      away_since_(loop.now()) {}

void BusPublisher::on_link_up(RedisConnection& connection, std::string run) {
  connection_ = &connection;
  run_ = std::move(run);
  if (batch_) ask(false);
  pump();
}

void BusPublisher::on_link_down() {
  if (can_publish()) away_since_ = loop_.now();
  connection_ = nullptr;
}

void BusPublisher::set_open(bool is_open) {
  if (can_publish() && !is_open) away_since_ = loop_.now();
  is_open_ = is_open;
  pump();
}

bool BusPublisher::is_away() const {
  return !can_publish() && loop_.now() - away_since_ >= options_.timeout;
}

// ---- what waits

void BusPublisher::take(NewEvent event, Task on_delivered) {
  if (is_away()) return refuse(event, PublishFate::unavailable);
  const std::size_t bytes = bytes_of(event);
  if (waiting_.size() == waiting_events_max || waiting_bytes_ + bytes > waiting_bytes_max) {
    return refuse(event, PublishFate::overloaded);
  }
  waiting_bytes_ += bytes;
  waiting_.push_back({std::move(event), loop_.now(), std::move(on_delivered)});
  probe_.waiting.set(static_cast<std::int64_t>(waiting_.size()));
}

bool BusPublisher::send_canary(Task on_delivered) {
  if (!can_publish()) return false;
  NewEvent canary{.audience = {.rooms = {std::string(canary_room)}},
                  .packet = encode_notice(canary_name, "{}")};
  if (probing_ == Probing::done) {
    take(std::move(canary), std::move(on_delivered));
  } else if (probing_ == Probing::due) {
    probing_ = Probing::queued;
    canary.once = std::make_shared<const OnceKey>(OnceKey{"~probe-" + options_.uid, options_.uid, {}});
    waiting_bytes_ += bytes_of(canary);
    waiting_.push_front({std::move(canary), loop_.now(), std::move(on_delivered)});
  } else {
    return false;
  }
  pump();
  return true;
}

void BusPublisher::refuse(const NewEvent& event, PublishFate fate) {
  if (event.ticket.handle == no_handle) return;
  (fate == PublishFate::unknown ? probe_.unknown : probe_.refused).add();
  log_.refuse(event.ticket, fate);
}

// ---- batches

void BusPublisher::pump() {
  const bool may_send = probing_ == Probing::queued || probing_ == Probing::done;
  if (batch_ || !can_publish() || !may_send || waiting_.empty() || pending_.size() >= pending_max) return;
  compose();
  if (batch_) ask(false);
}

void BusPublisher::compose() {
  Batch batch{.number = batches_count_ + 1,
              .first = messages_count_ + 1,
              .messages = {},
              .epoch_candidate = random_token(epoch_length),
              .broken_epoch = std::exchange(broken_epoch_, {}),
              .numbers_above = calls_.last_number(),
              .is_probe = probing_ == Probing::queued};
  const std::size_t messages_max = batch.is_probe ? 1 : PublishScript::messages_max;
  batch.messages.reserve(std::min(waiting_.size(), messages_max));
  std::size_t bytes = 0;
  while (!waiting_.empty() && batch.messages.size() < messages_max && bytes < batch_bytes_max) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= bytes_of(next.event);
    BusEvent event = to_bus_event(next.event);
    event.sender = options_.uid;
    event.number = messages_count_ + 1;
    auto message = format_.encode(event);
    if (!message) {
      probe_.reject(message.error());
      refuse(next.event, PublishFate::unavailable);
      continue;
    }
    bytes += bytes_of(next.event);
    ++messages_count_;
    if (const auto& once = next.event.once) message->nonce = {once->text, once->fingerprint, once->note};
    const std::uint64_t mark = format_.mark_of(*message);
    batch.messages.push_back(std::move(*message));
    pending_.emplace_hint(pending_.end(), messages_count_,
                          Pending{.event = std::move(next.event),
                                  .taken = next.taken,
                                  .mark = mark,
                                  .on_delivered = std::move(next.on_delivered)});
  }
  probe_.waiting.set(static_cast<std::int64_t>(waiting_.size()));
  if (batch.messages.empty()) return;
  ++batches_count_;
  if (batch.is_probe) probing_ = Probing::asked;
  batch_ = std::move(batch);
}

PublishBatch BusPublisher::view_of(const Batch& batch) const {
  return {.uid = options_.uid,
          .number = batch.number,
          .epoch_candidate = batch.epoch_candidate,
          .run = run_,
          .broken_epoch = batch.broken_epoch,
          .numbers_above = batch.numbers_above,
          .messages = batch.messages};
}

void BusPublisher::ask(bool whole) {
  const PublishBatch view = view_of(*batch_);
  const PublishScript& script = batch_->is_probe ? probe_script_ : script_;
  const RedisCommand command = whole ? script.whole(view) : script.by_hash(view);
  const auto sent = connection_->send(
      command, [this, number = batch_->number](const RedisReply& reply) { on_reply(number, reply); },
      std::max(options_.timeout / attempts_in_time, std::chrono::milliseconds(50)));
  batch_->is_asked = sent.has_value();
}

void BusPublisher::on_reply(std::uint64_t batch_number, const RedisReply& reply) {
  if (!batch_ || batch_->number != batch_number) return;
  batch_->is_asked = false;
  if (reply.is_lost()) {
    batch_->may_have_run = true;
    if (!is_awaited()) give_up_batch();
    return;
  }
  if (reply.is_error()) return on_error(reply);
  const auto result = script_.parse(reply, batch_->messages.size());
  if (!result) {
    batch_->may_have_run = true;
    return calls_.on_useless(result.error());
  }
  const Batch batch = *std::exchange(batch_, std::nullopt);
  if (batch.is_probe) {
    const bool was_taken =
        !result->messages.empty() && result->messages.front().kind == PublishedMessage::Kind::published;
    probing_ = was_taken ? Probing::done : Probing::due;
  }
  calls_.on_answer(*result);
  for (std::size_t i = 0; i < result->messages.size(); ++i) {
    settle(batch.first + i, result->messages[i], batch.may_have_run);
  }
  pump();
}

// A script answers with an error only if it was not begun.
void BusPublisher::on_error(const RedisReply& reply) {
  if (reply.error_code() == "NOSCRIPT") return ask(true);
  // Until the deadline it may do better.
  if (is_of_server(reply)) return calls_.on_useless(reply.text);
  const Batch batch = *std::exchange(batch_, std::nullopt);
  if (batch.is_probe) probing_ = Probing::due;
  const PublishedMessage refused{.kind = PublishedMessage::Kind::refused, .error = reply.text};
  for (std::size_t i = 0; i < batch.messages.size(); ++i)
    settle(batch.first + i, refused, batch.may_have_run);
  calls_.on_useless(reply.text);
}

void BusPublisher::settle(std::uint64_t number, const PublishedMessage& message, bool may_have_run) {
  if (message.kind == PublishedMessage::Kind::published) return probe_.published.add();
  const auto found = pending_.find(number);
  // It was overdue, or has come back: then it was published, whatever is said now.
  if (found == pending_.end()) return;
  const NewEvent event = std::move(found->second.event);
  pending_.erase(found);
  switch (message.kind) {
    case PublishedMessage::Kind::seen: {
      const auto epoch = Epoch::of(message.epoch).value_or(Epoch());
      const OffsetText offset =
          format_offset(epoch.text(), format_.position_of(message.number, message.stream_id));
      log_.refuse(event.ticket, PublishFate::duplicate,
                  std::make_shared<const EarlierPublish>(
                      EarlierPublish{std::string(offset.begin(), offset.end()), message.note}));
      break;
    }
    case PublishedMessage::Kind::conflict:
      log_.refuse(event.ticket, PublishFate::conflict);
      break;
    case PublishedMessage::Kind::full:
      log_.refuse(event.ticket, PublishFate::full);
      break;
    case PublishedMessage::Kind::refused:
    case PublishedMessage::Kind::published:
      calls_.on_refused(message.error);
      // An earlier run that was not answered may still be waiting in Redis.
      refuse(event, may_have_run ? PublishFate::unknown : PublishFate::unavailable);
      break;
  }
}

// ---- what comes back, or does not

std::optional<BusPublisher::Returned> BusPublisher::take_back(std::uint64_t number) {
  const auto found = pending_.find(number);
  if (found == pending_.end()) return std::nullopt;
  return take_out(found);
}

std::optional<BusPublisher::Returned> BusPublisher::take_back_next(std::uint64_t mark) {
  if (pending_.empty() || pending_.begin()->second.mark != mark) return std::nullopt;
  return take_out(pending_.begin());
}

BusPublisher::Returned BusPublisher::take_out(PendingEvents::iterator found) {
  auto& [number, pending] = *found;
  Returned returned{std::move(pending.event), number, std::move(pending.on_delivered)};
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - pending.taken);
  probe_.echo.record_us(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
  pending_.erase(found);
  return returned;
}

void BusPublisher::tick() {
  const SteadyTime overdue = loop_.now() - options_.timeout;
  while (!waiting_.empty() && (waiting_.front().taken <= overdue || is_away())) {
    waiting_bytes_ -= bytes_of(waiting_.front().event);
    refuse(waiting_.front().event, PublishFate::unavailable);
    waiting_.pop_front();
  }
  probe_.waiting.set(static_cast<std::int64_t>(waiting_.size()));
  const bool is_overdue = !pending_.empty() && pending_.begin()->second.taken <= overdue;
  if (is_overdue && batch_ && !batch_->is_asked && !batch_->may_have_run) take_apart();
  while (!pending_.empty() && pending_.begin()->second.taken <= overdue) {
    if (batch_ && pending_.begin()->first >= batch_->first) batch_->is_overdue = true;
    refuse(pending_.begin()->second.event, PublishFate::unknown);
    pending_.erase(pending_.begin());
  }
  // Nobody waits for its outcome any more. A run that is under way finds itself overtaken by the next batch.
  if (batch_ && batch_->is_overdue && !is_awaited()) {
    give_up_batch();
    pump();
  }
}

// Whether some event of the batch has neither come back nor been given up.
bool BusPublisher::is_awaited() const {
  return !pending_.empty() && pending_.rbegin()->first >= batch_->first;
}

// It is not run again: all that it held is settled.
void BusPublisher::give_up_batch() {
  if (batch_->is_probe) probing_ = Probing::due;
  batch_.reset();
}

// Of a batch that certainly was not run: what is overdue must not run any more, the rest goes on waiting.
void BusPublisher::take_apart() {
  const SteadyTime overdue = loop_.now() - options_.timeout;
  if (batch_->is_probe) probing_ = Probing::due;
  while (!pending_.empty() && pending_.rbegin()->first >= batch_->first) {
    const auto last = std::prev(pending_.end());
    Pending& pending = last->second;
    if (pending.taken <= overdue) {
      refuse(pending.event, PublishFate::unavailable);
    } else {
      waiting_bytes_ += bytes_of(pending.event);
      waiting_.push_front({std::move(pending.event), pending.taken, std::move(pending.on_delivered)});
    }
    pending_.erase(last);
  }
  batch_.reset();
}

}  // namespace relay
