#pragma once
// All namespaces of one worker, and the place where the log reaches its members.
//
// Threading: bound to one worker.

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/slot_map.h"
#include "engine/session_listener.h"
#include "hub/cluster_bus.h"
#include "hub/event_log.h"
#include "hub/hub_probe.h"
#include "hub/hub_shared.h"
#include "hub/namespace.h"
#include "hub/receipt_book.h"
#include "net/event_loop.h"

namespace relay {

class Client;

struct HubOptions {
  std::chrono::milliseconds connect_timeout{45'000};  // for an Engine.IO session to connect to a namespace
  // How long a CONNECT waits for the bus.
  std::chrono::milliseconds bus_timeout{2'000};
  // Unsent bytes that a replay may pile up at one client.
  std::size_t replay_bytes_max = 128 * 1024;
};

class LocalHub final : public SessionAcceptor {
 public:
  static constexpr unsigned json_depth_max = 64;

  // All must outlive the hub.
  LocalHub(unsigned worker, const HubOptions& options, EventLoop& loop, EventLog& log, ClusterBus& bus,
           HubShared& shared);
  ~LocalHub() override;
  LocalHub(const LocalHub&) = delete;
  LocalHub& operator=(const LocalHub&) = delete;

  // Before the first session only. `handler` must outlive the hub's sessions.
  void add_namespace(std::string name, NamespaceHandler& handler);
  // Makes what is kept of a handshake; may be empty.
  void set_handshake_reader(std::function<std::unique_ptr<HandshakeData>(const HttpRequest&)> reader);
  // Called with the outcome of each publish of this worker that has a ticket.
  void set_outcome_handler(std::function<void(const PublishOutcome&)> handler);

  // Sends an event to its audience, on every worker and every node. With the turn.
  void publish(NewEvent event) { bus_.publish(std::move(event)); }
  // See ClusterBus::sync().
  [[nodiscard]] bool sync(std::move_only_function<void()> done) { return bus_.sync(std::move(done)); }
  // The bus is ready, after it was not: what waited for it goes on.
  void on_bus_ready();
  // Closes the connection that holds this socket, if it is on this worker.
  void close_socket(std::string_view namespace_name, std::string_view socket_id);

  // The receipts of this worker's publishes with NewEvent::wants_receipts.
  [[nodiscard]] ReceiptBook& receipts() noexcept { return receipts_; }
  [[nodiscard]] const ReceiptBook& receipts() const noexcept { return receipts_; }

  // Runs a task on a worker's thread with its hub: at once if it is this worker, else soon.
  void run_on(unsigned worker, std::move_only_function<void(LocalHub&)> task);
  [[nodiscard]] unsigned workers_count() const noexcept { return log_.workers_count(); }

  // Null when it has left.
  [[nodiscard]] Member* find(Handle member) const noexcept { return members_.find(member); }

  // ---- for the worker's turn

  // Hands on what the turn published, delivers what is new in the log, and reports the outcomes. True when
  // something is left for the next turn.
  [[nodiscard]] bool run_log();
  // The turn's bytes are written: what was delivered is measured.
  void after_flush();
  // Turns that begin and end.
  void begin_turn() { log_.begin_turn(worker_); }
  [[nodiscard]] bool prepare_to_sleep() { return replays_.empty() && log_.prepare_to_sleep(worker_); }

  // ---- for clients and namespaces

  [[nodiscard]] std::unique_ptr<SessionListener> accept(EngineSession& session,
                                                        const HttpRequest& request) override;
  // Closes the connections that hold a socket by an earlier claim, wherever that may be. True when that is
  // done; else the waiting client is called when it is.
  [[nodiscard]] bool free_socket(const std::string& namespace_name, const std::string& socket_id,
                                 const EventLog::SocketClaim& claim, Handle waiting_client);
  // The member has just resumed from Member::known_: sends it what lies between there and the log's cursor,
  // as fast as it reads, while what is new waits behind.
  void begin_replay(Member& member, bool is_same_socket);
  void continue_replay(Member& member) { replays_.push_back(member.handle()); }
  // These members were sent an event whose ticket wants receipts.
  void expect_receipts(const PublishTicket& ticket, std::span<Member* const> recipients);
  void confirm(const PublishTicket& ticket, std::string_view socket_id);
  // Reads and delivers what was appended before `head`.
  void deliver_up_to(Position head);
  [[nodiscard]] Namespace* find_namespace(std::string_view name) const;
  [[nodiscard]] SocketId new_socket_id() const { return SocketId::make(worker_); }
  [[nodiscard]] unsigned worker() const noexcept { return worker_; }
  [[nodiscard]] const HubOptions& options() const noexcept { return options_; }
  [[nodiscard]] EventLoop& loop() noexcept { return loop_; }
  [[nodiscard]] EventLog& log() noexcept { return log_; }
  [[nodiscard]] const ClusterBus& bus() const noexcept { return bus_; }
  [[nodiscard]] HubProbe& probe() noexcept { return probe_; }
  [[nodiscard]] const HubProbe& probe() const noexcept { return probe_; }
  [[nodiscard]] SlotMap<Member>& members() noexcept { return members_; }
  [[nodiscard]] SlotMap<Client>& waiting_clients() noexcept { return waiting_clients_; }

 private:
  // Bounds what one turn reads, so that sockets and timers have their turn too.
  static constexpr std::size_t entries_per_read = 256;
  static constexpr std::size_t bytes_per_turn_max = 8 * 1024 * 1024;

  static constexpr std::size_t events_per_replay_max = 256;
  static constexpr std::size_t replays_per_turn_max = 8192;  // events

  struct Confirmation {
    Handle ticket;
    std::string socket_id;
  };

  // Delivers the next entries; returns their bytes, 0 when there were none.
  std::size_t deliver_batch();
  void take_notice(const LogEntry& entry);
  bool take_outcomes();
  void run_replays();
  std::size_t replay(Member& member);
  void close_socket(std::string_view namespace_name, std::string_view socket_id, std::uint64_t claim);
  void send_confirmations();
  void on_sweep_timer();
  void sweep();

  const unsigned worker_;
  const HubOptions options_;
  EventLoop& loop_;
  EventLog& log_;
  ClusterBus& bus_;
  HubProbe probe_;
  HubShared& shared_;
  SlotMap<Member> members_;
  SlotMap<Client> waiting_clients_;
  ReceiptBook receipts_;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  std::function<std::unique_ptr<HandshakeData>(const HttpRequest&)> handshake_reader_;
  std::function<void(const PublishOutcome&)> outcome_handler_;
  std::vector<LogEntry*> reading_;
  std::vector<EventLog::Delivered> delivered_;
  std::vector<PublishOutcome> outcomes_;
  std::deque<Handle> replays_;  // members that catch up and have room
  std::vector<RetainedEvent> replaying_;
  std::vector<std::vector<Confirmation>> confirmations_;  // of this turn, by the worker that waits for them
  std::vector<unsigned> confirmed_workers_;               // those with any
  MemberTimer<LocalHub, &LocalHub::on_sweep_timer> sweep_timer_{*this};
  std::size_t sweep_next_ = 0;  // the slot of members_ to look at next
  bool sweep_due_ = false;
  std::vector<SteadyTime> unmeasured_;  // when what this turn delivered was received
};

}  // namespace relay
