// What the bus brings: judged, put in order, and handed to the log.

#include <charconv>
#include <thread>
#include <utility>

#include "cluster/bus_engine.h"
#include "cluster/event_conversion.h"
#include "cluster/raw_messages.h"

namespace relay {
namespace {

// How long the bus stands still for a worker that lags. What comes meanwhile waits in Redis.
constexpr auto room_wait_max = std::chrono::milliseconds(5'000);
constexpr auto room_wait_step = std::chrono::milliseconds(2);
constexpr auto rejected_line_interval = std::chrono::seconds(10);

// As the script begins an epoch.
constexpr std::uint64_t numbers_per_ms = 1024;
constexpr std::uint64_t numbers_of_a_day = 86'400'000 * numbers_per_ms;

bool is_canary(const BusEvent& event) {
  return event.name == canary_name && event.rooms.size() == 1 && event.rooms.front() == canary_room;
}

bool is_canary(const NewEvent& event) {
  return event.audience.rooms.size() == 1 && event.audience.rooms.front() == canary_room;
}

}  // namespace

// ---- judging

void BusEngine::on_raw(MessageRing::Raw raw) {
  last_arrival_ = loop_.now();
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(last_arrival_.time_since_epoch());
  probe_.last_arrival_ms.store(now.count(), std::memory_order_relaxed);
  owed_since_.reset();
  // What it is worth depends on the epoch, which the answer to our first publish tells.
  if (epoch_) return judge(std::move(raw), false);
  // There are no sockets yet that could miss them.
  if (early_.size() == early_messages_max) early_.clear();
  early_.push_back(std::move(raw));
}

void BusEngine::note_rejected(RejectReason reason) {
  probe_.reject(reason);
  if (loop_.now() < next_reject_line_) return;
  next_reject_line_ = loop_.now() + rejected_line_interval;
  log_.warn("bus message rejected", {{"reason", metric_word(reason)}});
}

void BusEngine::judge(MessageRing::Raw raw, bool is_fetched) {
  auto own = own_event(raw);
  auto read = own ? std::move(own) : read_event(raw);
  if (!read) return;
  ArrivedEvent& item = *read;
  const std::uint64_t number = item.number;
  if (!has_begun_ && number != 0) {
    has_begun_ = true;
    sequence_.begin(number - 1, ready_items_);
    events_.set_epoch(*epoch_, item.event.position - 1);
  }
  if (number != 0 && number <= sequence_.last() && !is_fetched) {
    // The sequence has been misled, and notices no gap any more: the numbers have to begin anew, above.
    probe_.regressed.add();
    publisher_.end_epoch(std::string(epoch_->text()));
  }
  if (is_fetched) return sequence_.fill(std::move(item), ready_items_);
  if (number > sequence_.last()) ring_.add(number, std::move(raw));
  sequence_.take(std::move(item), ready_items_);
}

// A stream may still hold entries of an earlier epoch, whose numbers say nothing.
std::uint64_t BusEngine::number_in_epoch(std::uint64_t number) const noexcept {
  return number > epoch_start_ ? number : 0;
}

// Our own needs no reading, and no check: whatever stands behind the MAC by which it is told, what we deliver
// is what we have published.
std::optional<ArrivedEvent> BusEngine::own_event(const MessageRing::Raw& raw) {
  const auto glance = format_.glance(raw);
  if (!glance || !is_plausible(number_in_epoch(glance->number))) return std::nullopt;
  auto own = publisher_.take_back_next(glance->mark);
  if (!own) return std::nullopt;
  static_cast<void>(seen_.is_first(uid_, own->number));
  probe_.received.add();
  ArrivedEvent item{.number = number_in_epoch(glance->number), .on_delivered = std::move(own->on_delivered)};
  if (!is_canary(own->event)) item.event = std::move(own->event);
  item.event.position = glance->position;
  return item;
}

// Nullopt: it was rejected, or is not for us.
std::optional<ArrivedEvent> BusEngine::read_event(const MessageRing::Raw& raw) {
  auto decoded = format_.decode(raw);
  if (!decoded) {
    note_rejected(decoded.error());
    return std::nullopt;
  }
  if (!*decoded) return std::nullopt;
  ReceivedMessage& message = **decoded;
  ArrivedEvent item{.number = number_in_epoch(message.event.position)};
  if (!is_plausible(item.number)) {
    note_rejected(RejectReason::malformed);
    return std::nullopt;
  }
  if (message.event.number != 0 && !seen_.is_first(message.event.sender, message.event.number)) {
    note_rejected(RejectReason::replayed);
    // The script ran twice for it, on a server that had forgotten the first time: its number has no other
    // message. But nobody moves the sequence with an old message.
    if (item.number != sequence_.last() + 1) return std::nullopt;
  } else {
    fill_in(item, message);
  }
  item.event.position = message.position;
  return item;
}

// The MAC does not cover the number, which Redis gives: one that a broken line has changed must not use up
// all that are left. They begin with the clock of Redis, and rise with the events.
bool BusEngine::is_plausible(std::uint64_t number) const {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.clock().wall().time_since_epoch());
  const auto by_clock = static_cast<std::uint64_t>(now.count()) * numbers_per_ms;
  return number <= std::max({sequence_.last(), epoch_start_, by_clock}) + numbers_of_a_day;
}

void BusEngine::fill_in(ArrivedEvent& item, ReceivedMessage& message) {
  probe_.received.add();
  const bool passes = is_canary(message.event);
  if (message.event.sender == uid_) {
    // Our own still has who waits for its outcome.
    if (auto own = publisher_.take_back(message.event.number)) {
      item.on_delivered = std::move(own->on_delivered);
      if (!passes) item.event = std::move(own->event);
      return;
    }
  }
  if (!passes) item.event = from_bus_event(std::move(message.event), events_.retains());
}

// ---- epochs

void BusEngine::on_answer(const PublishBatchResult& result) {
  const auto published = [](const PublishedMessage& message) {
    return message.kind == PublishedMessage::Kind::published;
  };
  if (!owed_since_ && std::ranges::any_of(result.messages, published)) owed_since_ = loop_.now();
  if (result.epoch_start != 0) gap_epoch_known_ = true;
  const auto epoch = Epoch::of(result.epoch);
  if (epoch && epoch != epoch_ && result.epoch_start != 0) begin_epoch(*epoch, result.epoch_start);
}

void BusEngine::begin_epoch(const Epoch& epoch, std::uint64_t start) {
  const std::optional<Epoch> ended = std::exchange(epoch_, epoch);
  epoch_start_ = start;
  if (!ended) {
    for (MessageRing::Raw& raw : std::exchange(early_, {})) judge(std::move(raw), false);
    return;
  }
  probe_.epochs.add();
  log_.warn("redis began to count anew", {{"epoch", epoch.text()}});
  has_begun_ = true;
  // What waited behind a gap of the old epoch comes before the word that it has ended: what is said there is
  // about all that is missing of it.
  std::vector<ArrivedEvent> released;
  sequence_.begin(start, released);
  const auto is_new = [start](const ArrivedEvent& item) { return item.number > start; };
  const auto first_new = std::ranges::find_if(released, is_new);
  std::move(released.begin(), first_new, std::back_inserter(ready_items_));
  deliver(ready_items_);
  // Positions of a stream rise by the clock; those of pub/sub are the numbers.
  events_.begin_epoch(epoch, reader_ == nullptr ? start : 0);
  std::move(first_new, released.end(), std::back_inserter(ready_items_));
  gap_since_.reset();  // what was asked for was of the other epoch
}

// ---- into the log

bool BusEngine::wait_for_room(std::size_t bytes) const {
  for (auto waited = std::chrono::milliseconds(0); !events_.has_room_for(bytes); waited += room_wait_step) {
    if (waited >= room_wait_max) return false;
    std::this_thread::sleep_for(room_wait_step);
  }
  return true;
}

void BusEngine::deliver(std::vector<ArrivedEvent>& items) {
  if (items.empty()) return;
  std::vector<NewEvent> events;
  events.reserve(items.size());
  std::vector<Task> delivered;
  std::size_t bytes = 0;
  Position last = 0;
  Position last_of_events = 0;
  for (ArrivedEvent& item : items) {
    last = std::max(last, item.event.position);
    if (item.on_delivered) delivered.push_back(std::move(item.on_delivered));
    if (item.event.packet == nullptr) continue;
    last_of_events = last;
    bytes += item.event.packet->bytes.size();
    events.push_back(std::move(item.event));
  }
  items.clear();
  if (!events.empty()) {
    if (wait_for_room(bytes)) {
      events_.append(events);
    } else {
      for (const NewEvent& event : events) events_.refuse(event.ticket, PublishFate::unknown);
      probe_.lost.add(events.size());
      log_.error("events lost", {{"missing", events.size()}, {"reason", "a worker lags too far behind"}});
      events_.lose(last);
    }
  }
  if (last > last_of_events) events_.pass(last);
  for (Task& task : delivered) task();
}

// ---- in step with the bus

void BusEngine::sync(Task done) {
  waiting_syncs_.push_back(std::move(done));
  const bool is_under_way = sync_since_ && loop_.now() - *sync_since_ < options_.timeout;
  if (is_under_way) return;
  // Whoever waited for one that was lost has given up, or may come along with this one.
  std::ranges::move(waiting_syncs_, std::back_inserter(syncs_));
  waiting_syncs_.clear();
  sync_since_ = loop_.now();
  if (!publisher_.send_canary([this] { on_synced(); })) sync_since_.reset();
}

void BusEngine::on_synced() {
  sync_since_.reset();
  for (Task& task : std::exchange(syncs_, {})) task();
  if (waiting_syncs_.empty()) return;
  Task last = std::move(waiting_syncs_.back());
  waiting_syncs_.pop_back();
  sync(std::move(last));
}

// ---- gaps

void BusEngine::watch_gap() {
  if (!sequence_.gap()) {
    gap_since_.reset();
    return;
  }
  const SteadyTime now = loop_.now();
  if (!gap_since_) {
    gap_since_ = now;
    gap_asked_at_.reset();
    gap_epoch_known_ = false;
    // Its answer tells whether the numbers began anew.
    static_cast<void>(publisher_.send_canary());
  }
  if (!gap_asked_at_ && hears_others_ && commands_.is_up()) {
    gap_asked_at_ = now;
    gap_answered_ = false;
    ask_for_missing();
  }
  const bool is_answered = gap_asked_at_ && (gap_answered_ || now - *gap_asked_at_ >= gap_timeout);
  const bool is_given_up = now - *gap_since_ >= gap_timeout_max || sequence_.is_full();
  if ((is_answered && gap_epoch_known_) || is_given_up) close_gap();
}

void BusEngine::ask_for_missing() {
  const auto gap = sequence_.gap();
  const std::string question = std::to_string(gap->first) + ' ' + std::to_string(gap->last);
  control_.ask_all("fetch", question, gap_timeout, [this](const SurveyResult& result) {
    for (const SurveyAnswer& answer : result.answers) {
      auto messages = read_raw_messages(answer.bytes);
      if (!messages) {
        note_rejected(RejectReason::malformed);
        continue;
      }
      const std::uint64_t missing = sequence_.missing_count();
      for (MessageRing::Raw& raw : *messages) judge(std::move(raw), true);
      probe_.filled.add(missing - sequence_.missing_count());
    }
    gap_answered_ = true;
  });
}

void BusEngine::close_gap() {
  gap_since_.reset();
  deliver(ready_items_);
  const std::uint64_t missing = sequence_.missing_count();
  const Position floor = sequence_.first_waiting()->event.position - 1;
  std::vector<ArrivedEvent> items;
  sequence_.close_gap(items);
  const auto behind =
      std::ranges::find_if(items, [&](const auto& item) { return item.event.position > floor; });
  std::vector<ArrivedEvent> filled(std::move_iterator(items.begin()), std::move_iterator(behind));
  items.erase(items.begin(), behind);
  deliver(filled);
  probe_.gaps.add();
  probe_.lost.add(missing);
  log_.error("events lost", {{"missing", missing}, {"reason", "no relay has them"}});
  events_.lose(floor);
  deliver(items);
}

// Numbers rise over all epochs, so it does not matter whether we know already of the one that is asked for.
void BusEngine::answer_fetch(std::string_view question, ClusterControl::Reply reply) {
  std::string answer;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const char* const end = question.data() + question.size();
  const auto parsed = std::from_chars(question.data(), end, first);
  const bool is_range = parsed.ptr != end && std::from_chars(parsed.ptr + 1, end, last).ec == std::errc();
  if (is_range) {
    ring_.each(first, last,
               [&](std::uint64_t, const MessageRing::Raw& raw) { append_raw_message(answer, raw); });
  }
  reply(std::move(answer));
}

}  // namespace relay
