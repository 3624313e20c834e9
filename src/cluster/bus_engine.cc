#include "cluster/bus_engine.h"

#include <utility>

#include <pthread.h>
#include <signal.h>

#include "base/random.h"
#include "relay/event_encoder.h"

namespace relay {
namespace {

constexpr auto tick_time = std::chrono::milliseconds(50);
constexpr auto timer_grain = std::chrono::microseconds(10'000);
constexpr auto canary_interval = std::chrono::milliseconds(500);  // while we are not ready
constexpr auto refusal_line_interval = std::chrono::seconds(10);

std::string make_uid() {
  constexpr std::size_t uid_length = 15;  // as many as a std::string holds without memory of its own
  return random_token(uid_length);
}

ControlOptions control_options(const RedisBusOptions& options, const std::string& uid) {
  ControlOptions control{.key_prefix = options.key_prefix, .self = options.self};
  control.self.uid = uid;
  return control;
}

BusPublisherOptions publisher_options(const RedisBusOptions& options, const std::string& uid) {
  return {.uid = uid,
          .timeout = options.timeout,
          .script = {.adapter = options.adapter,
                     .key_prefix = options.key_prefix,
                     .stream_length_max = options.stream_length_max,
                     .nonce_lifetime = options.nonce_lifetime,
                     .nonces_max = options.nonces_max}};
}

}  // namespace

BusEngine::BusEngine(const RedisBusOptions& options, const Clock& clock, Log& log, BusProbe& probe,
                     EventLog& events, BusObserver& observer)
    : options_(options),
      log_(log),
      probe_(probe),
      events_(events),
      observer_(observer),
      uid_(make_uid()),
      loop_(clock, timer_grain),
      inbox_(loop_),
      mac_(options.cluster_secret, options.cluster_secrets_previous),
      format_({.adapter = options.adapter,
               .key_prefix = options.key_prefix,
               .mac = options.has_node_peers ? nullptr : &mac_}),
      control_(loop_, control_options(options, uid_), mac_, log, probe,
               {.count = [this](NodeNews& news) { observer_.count(news); },
                .on_question =
                    [this](std::string_view kind, std::string_view question, ClusterControl::Reply reply) {
                      if (kind == "fetch") return answer_fetch(question, std::move(reply));
                      observer_.on_question(kind, question, std::move(reply));
                    }}),
      publisher_(loop_, publisher_options(options, uid_), format_, events, probe,
                 {.on_answer = [this](const PublishBatchResult& result) { on_answer(result); },
                  .on_useless = [this](std::string_view reason) { commands_.drop(reason); },
                  .on_refused =
                      [this](std::string_view reason) {
                        if (loop_.now() < next_refuse_line_) return;
                        next_refuse_line_ = loop_.now() + refusal_line_interval;
                        log_.error("redis refused a publish", {{"reason", reason}});
                      },
                  .last_number = [this] { return sequence_.last(); }}),
      commands_(loop_, link_options("publish"), *this),
      subscriber_(loop_, link_options("subscribe"), *this) {
  if (options.adapter == BusAdapter::streams) {
    // Who left before cannot resume.
    const auto history = options.retention_window * 3 / 2;
    StreamListener& listener = *this;
    reader_ =
        std::make_unique<StreamReader>(loop_, link_options("read"), options.key_prefix, history, listener);
  }
  if (options.presence_lease) {
    presence_ = std::make_unique<PresenceRegistry>(
        loop_,
        PresenceRegistry::Options{
            .key_prefix = options.key_prefix, .uid = uid_, .lease = *options.presence_lease},
        PresenceRegistry::Calls{
            .post = [this](Task task) { post(std::move(task)); },
            .tell = [this](PresenceRegistry::Change change, const std::string& room,
                           std::string_view account) { tell_presence(change, room, account); }});
  }
  probe_.links_wanted.set(reader_ == nullptr ? 2 : 3);
}

BusEngine::~BusEngine() {
  stop();
}

void BusEngine::start() {
  // Signals are for the thread that started the program.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "bus");
    run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void BusEngine::stop() {
  if (!thread_.joinable()) return;
  stop_requested_.store(true, std::memory_order_release);
  loop_.wake();
  thread_.join();
}

void BusEngine::run() {
  loop_.update_now();
  commands_.start();
  subscriber_.start();
  if (reader_ != nullptr) reader_->start();
  while (!stop_requested_.load(std::memory_order_acquire)) turn();
  control_.say_bye();
  loop_.flush_dirty();
  commands_.stop();
  subscriber_.stop();
  if (reader_ != nullptr) reader_->stop();
  loop_.destroy_closed();
}

void BusEngine::turn() {
  loop_.wait(tick_time);
  loop_.dispatch();
  inbox_.drain([this](std::variant<std::vector<NewEvent>, Task> message) {
    if (auto* const events = std::get_if<std::vector<NewEvent>>(&message)) {
      for (NewEvent& event : *events) publisher_.take(std::move(event));
    } else {
      std::get<Task>(message)();
    }
  });
  publisher_.pump();
  deliver(ready_items_);
  watch_gap();
  watch();
  loop_.flush_dirty();
  loop_.destroy_closed();
}

// What must not wait for ever.
void BusEngine::watch() {
  const SteadyTime now = loop_.now();
  publisher_.tick();
  control_.tick();
  if (presence_ != nullptr) presence_->tick();
  const bool is_ready = probe_.is_ready.load(std::memory_order_relaxed);
  const bool is_due = is_ready ? now - last_arrival_ >= canary_after && now - last_canary_ >= canary_after
                               : feed_up_ && now - last_canary_ >= canary_interval;
  if (is_due) send_canary();
  if (feed_up_ && owed_since_ && now - *owed_since_ >= deaf_after) {
    owed_since_.reset();
    probe_.deaf.add();
    constexpr std::string_view reason = "it brings nothing, not even our own messages";
    reader_ == nullptr ? subscriber_.drop(reason) : reader_->drop(reason);
  }
}

void BusEngine::tell_presence(PresenceRegistry::Change change, const std::string& room,
                              std::string_view account) {
  const bool joined = change == PresenceRegistry::Change::joined;
  publisher_.take(
      {.audience = {.rooms = {room}},
       .packet = encode_notice(joined ? "relay:joined" : "relay:left", presence_argument(account)),
       .is_retained = false,
       .is_listed = false});
}

void BusEngine::send_canary() {
  last_canary_ = loop_.now();
  static_cast<void>(publisher_.send_canary([this, feed = feeds_count_] {
    if (feed == feeds_count_ && feed_up_ && loop_.now() >= ready_from_) set_ready(true);
  }));
}

void BusEngine::set_ready(bool ready) {
  const bool was_ready = probe_.is_ready.exchange(ready, std::memory_order_acq_rel);
  note_whole();
  if (ready && !was_ready) observer_.on_bus_ready();
}

// Redis may be lost for reading and for writing one after the other.
void BusEngine::note_whole() {
  const bool is_whole = probe_.is_ready.load(std::memory_order_relaxed) && commands_.is_up();
  const bool was_whole = probe_.is_whole.exchange(is_whole, std::memory_order_relaxed);
  if (is_whole) probe_.was_whole.store(true, std::memory_order_relaxed);
  if (is_whole || !was_whole) return;
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now().time_since_epoch());
  probe_.broken_since_ms.store(since.count(), std::memory_order_relaxed);
}

}  // namespace relay
