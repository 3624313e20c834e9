#pragma once
// What runs on the bus's thread: connections, numbers, gaps, and what follows from them.
//
//     link up --> subscribed, or reading --> our canary has come back --> ready
//
// A node is ready when a message of its own has come back: from then on it knows the epoch and the numbers,
// and misses nothing without noticing.
//
// Threading: bound to the bus's thread, but for post() and publish().

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "cluster/bus_publisher.h"
#include "cluster/cluster_control.h"
#include "cluster/message_ring.h"
#include "cluster/number_sequence.h"
#include "cluster/presence_registry.h"
#include "cluster/redis_bus.h"
#include "cluster/replay_window.h"
#include "cluster/stream_reader.h"
#include "net/inbox.h"
#include "redis/redis_link.h"

namespace relay {

class BusEngine final : private RedisLinkListener, private StreamListener {
 public:
  using Task = std::move_only_function<void()>;

  static constexpr auto canary_after = std::chrono::milliseconds(1'000);     // of silence
  static constexpr auto deaf_after = std::chrono::milliseconds(3'000);       // without what was published
  static constexpr auto gap_timeout = std::chrono::milliseconds(500);        // for the others to fill it
  static constexpr auto gap_timeout_max = std::chrono::milliseconds(5'000);  // also if they cannot be asked
  static constexpr std::size_t early_messages_max = 65'536;

  BusEngine(const RedisBusOptions& options, const Clock& clock, Log& log, BusProbe& probe, EventLog& events,
            BusObserver& observer);
  ~BusEngine() override;

  void start();
  void stop();

  // ---- safe from any thread

  void post(Task task) { inbox_.post(std::move(task)); }
  void publish(std::vector<NewEvent> events) { inbox_.post(std::move(events)); }

  // Null: nobody is told who comes and goes. Does not change.
  [[nodiscard]] PresenceRegistry* presence() noexcept { return presence_.get(); }

  // ---- on its thread

  // Called when the log has what is on the bus by now; or never, if the bus is lost.
  void sync(Task done);
  [[nodiscard]] ClusterControl& control() noexcept { return control_; }
  [[nodiscard]] bool is_idle() const { return publisher_.is_idle(); }

 private:
  void run();
  void turn();

  // bus_engine_links.cc
  void on_link_up(RedisLink& link) override;
  void on_link_push(RedisLink& link, RedisReply& push) override;
  void on_link_down(RedisLink& link, bool was_up, std::string_view reason) override;
  void on_stream_entry(MessageRing::Raw entry) override;
  void on_stream_live() override;
  void on_stream_changed() override;
  void on_stream_down(bool was_up, std::string_view reason) override;
  void greet_commands();
  void on_server_info(const RedisReply& reply);
  void on_memory_info(const RedisReply& reply);
  void subscribe();
  void on_feed_up();
  void on_control_up();
  void on_control_down();
  void on_feed_down();
  void note_link(std::string_view link, std::string_view server, bool is_up, bool was_up,
                 std::string_view reason);
  [[nodiscard]] RedisLinkOptions link_options(std::string_view role) const;

  // bus_engine_feed.cc
  void on_raw(MessageRing::Raw raw);
  void judge(MessageRing::Raw raw, bool is_fetched);
  [[nodiscard]] std::optional<ArrivedEvent> own_event(const MessageRing::Raw& raw);
  [[nodiscard]] std::optional<ArrivedEvent> read_event(const MessageRing::Raw& raw);
  [[nodiscard]] std::uint64_t number_in_epoch(std::uint64_t number) const noexcept;
  [[nodiscard]] bool is_plausible(std::uint64_t number) const;
  void fill_in(ArrivedEvent& item, ReceivedMessage& message);
  void on_synced();
  void on_answer(const PublishBatchResult& result);
  void begin_epoch(const Epoch& epoch, std::uint64_t start);
  void deliver(std::vector<ArrivedEvent>& items);
  // False when there is still none after a while.
  [[nodiscard]] bool wait_for_room(std::size_t bytes) const;
  void watch_gap();
  void ask_for_missing();
  void close_gap();
  void answer_fetch(std::string_view question, ClusterControl::Reply reply);
  void note_rejected(RejectReason reason);

  void watch();
  // Its return proves that this connection brings what is published.
  void send_canary();
  void set_ready(bool ready);
  void note_whole();
  void tell_presence(PresenceRegistry::Change change, const std::string& room, std::string_view account);

  const RedisBusOptions& options_;
  Log& log_;
  BusProbe& probe_;
  EventLog& events_;
  BusObserver& observer_;
  const std::string uid_;
  EventLoop loop_;
  Inbox<std::variant<std::vector<NewEvent>, Task>> inbox_;
  const BusMac mac_;
  const BusFormat format_;
  ClusterControl control_;
  BusPublisher publisher_;
  RedisLink commands_;
  RedisLink subscriber_;
  std::unique_ptr<StreamReader> reader_;        // with streams
  std::unique_ptr<PresenceRegistry> presence_;  // null: nobody is told who comes and goes

  std::optional<Epoch> epoch_;
  std::uint64_t epoch_start_ = 0;
  bool has_begun_ = false;  // the sequence
  NumberSequence sequence_;
  MessageRing ring_;
  ReplayWindow seen_;
  std::vector<ArrivedEvent> ready_items_;  // of this turn
  std::vector<MessageRing::Raw> early_;    // before the epoch was known

  bool feed_up_ = false;
  bool hears_others_ = false;      // their answers
  std::uint64_t feeds_count_ = 0;  // connections that brought, or were to bring, what is published
  SteadyTime last_arrival_{};
  SteadyTime last_canary_{};
  std::optional<SteadyTime> owed_since_;  // something was published, and nothing has come since
  std::optional<SteadyTime> gap_since_;
  std::optional<SteadyTime> gap_asked_at_;
  bool gap_answered_ = false;  // by all other nodes
  bool gap_epoch_known_ = false;
  std::vector<Task> waiting_syncs_;  // for the next canary
  std::vector<Task> syncs_;          // for the canary that is on its way
  std::optional<SteadyTime> sync_since_;
  SteadyTime ready_from_{};  // the others have had time to say who they are
  SteadyTime next_reject_line_{};
  SteadyTime next_refuse_line_{};
  bool has_looked_at_memory_ = false;
  bool was_connected_ = false;  // all links, once
  bool is_reported_lost_ = false;
  std::atomic<bool> stop_requested_{false};
  std::thread thread_;
};

}  // namespace relay
