// Sockets that come back, and what they are sent again.

#include <bit>
#include <utility>

#include "hub/client.h"
#include "hub/local_hub.h"

namespace relay {

// ---- one connection a socket

void LocalHub::close_socket(std::string_view namespace_name, std::string_view socket_id,
                            std::uint64_t claim) {
  Namespace* const home = find_namespace(namespace_name);
  Member* const member = home == nullptr ? nullptr : home->find(socket_id);
  // A later claim may have been faster; it is not ours to end.
  if (member != nullptr && member->claim_ < claim) member->close_transport(CloseReason::forced_close);
}

bool LocalHub::free_socket(const std::string& namespace_name, const std::string& socket_id,
                           const EventLog::SocketClaim& claim, Handle waiting_client) {
  close_socket(namespace_name, socket_id, claim.number);
  WorkerSet others = claim.holders & ~(WorkerSet{1} << worker_);
  // Counted here only; the others carry it back and forth. One is for the other nodes.
  const auto missing = std::make_shared<int>(std::popcount(others) + 1);
  const auto one_less = [=](LocalHub& here) {
    if (--*missing > 0) return;
    if (Client* const client = here.waiting_clients().find(waiting_client)) client->on_socket_free();
  };
  const bool lives_nowhere_else =
      bus_.free_socket(namespace_name, socket_id, [this, one_less] { one_less(*this); });
  if (lives_nowhere_else && --*missing == 0) return true;
  for (; others != 0; others &= others - 1) {
    run_on(static_cast<unsigned>(std::countr_zero(others)), [=, home = worker_](LocalHub& there) {
      there.close_socket(namespace_name, socket_id, claim.number);
      there.run_on(home, one_less);
    });
  }
  return false;
}

void LocalHub::close_socket(std::string_view namespace_name, std::string_view socket_id) {
  close_socket(namespace_name, socket_id, UINT64_MAX);
}

// ---- replay

void LocalHub::begin_replay(Member& member, bool is_same_socket) {
  if (is_same_socket && shared_.open_receipts.load(std::memory_order_relaxed) > 0) {
    for (unsigned worker = 0; worker < workers_count(); ++worker) {
      run_on(worker, [id = std::string(member.id()), position = member.known_](LocalHub& there) {
        there.receipts_.confirm_up_to(id, position);
      });
    }
  }
  if (member.known_ + 1 == log_.cursor(worker_)) return;
  member.replayed_to_ = member.known_;
  member.client_.session().set_paced(true);
  continue_replay(member);
}

void LocalHub::run_replays() {
  std::size_t events = 0;
  for (std::size_t left = replays_.size(); left > 0 && events < replays_per_turn_max; --left) {
    Member* const member = find(replays_.front());
    replays_.pop_front();
    if (member != nullptr && member->is_catching_up() && !member->is_cut_off_) events += replay(*member);
  }
}

// Returns how many events were sent.
std::size_t LocalHub::replay(Member& member) {
  EngineSession& session = member.client_.session();
  const std::size_t queued = session.queued_bytes();
  if (queued >= options_.replay_bytes_max) {
    session.notify_below(options_.replay_bytes_max / 2);
    return 0;
  }
  replaying_.clear();
  const std::vector<std::string_view> rooms = member.rooms();
  const auto [end, up_to] =
      log_.replay(member.reader(rooms, member.id()), member.replayed_to_, log_.cursor(worker_),
                  {.events = events_per_replay_max, .bytes = options_.replay_bytes_max - queued}, replaying_);
  member.replayed_to_ = up_to;
  for (RetainedEvent& event : replaying_) {
    member.deliver(Frame(std::move(event.packet)));
    for (EncodedPacketPtr& attachment : event.attachments) member.deliver(Frame(std::move(attachment)));
    member.known_ = event.position;
    if (event.receipt_to.handle != no_handle) member.request_receipt(event.receipt_to);
  }
  probe_.replayed.add(replaying_.size());
  switch (end) {
    case EventLog::ReplayEnd::complete:
      member.replayed_to_ = Member::live;
      session.set_paced(false);
      break;
    case EventLog::ReplayEnd::more:
      continue_replay(member);
      break;
    case EventLog::ReplayEnd::overtaken:
      // It comes back, and hears of the gap.
      probe_.overtaken.add();
      member.close_transport(CloseReason::forced_close);
      break;
  }
  return replaying_.size();
}

// ---- receipts

void LocalHub::expect_receipts(const PublishTicket& ticket, std::span<Member* const> recipients) {
  std::vector<Recipient> names;
  names.reserve(recipients.size());
  for (Member* const member : recipients) {
    const MemberData* const data = member->data();
    names.push_back({std::string(member->id()), std::string(data == nullptr ? "" : data->owner())});
  }
  // Before the log hears of it, so that the outcome, which counts them, is never long ahead of their names.
  run_on(ticket.worker, [handle = ticket.handle, names = std::move(names)](LocalHub& there) mutable {
    there.receipts_.add_recipients(handle, std::move(names));
  });
  for (Member* const member : recipients) {
    if (!member->is_catching_up()) member->request_receipt(ticket);
  }
}

void LocalHub::confirm(const PublishTicket& ticket, std::string_view socket_id) {
  if (ticket.worker == worker_) return receipts_.confirm(ticket.handle, socket_id);
  auto& confirmations = confirmations_[ticket.worker];
  if (confirmations.empty()) confirmed_workers_.push_back(ticket.worker);
  confirmations.push_back({ticket.handle, std::string(socket_id)});
}

void LocalHub::send_confirmations() {
  for (const unsigned worker : confirmed_workers_) {
    run_on(worker, [confirmations = std::exchange(confirmations_[worker], {})](LocalHub& there) {
      for (const auto& [ticket, socket_id] : confirmations) there.receipts_.confirm(ticket, socket_id);
    });
  }
  confirmed_workers_.clear();
}

// ---- quiet sockets

void LocalHub::on_sweep_timer() {
  sweep_due_ = true;
  loop_.timers().arm(sweep_timer_, loop_.now(), log_.tick_interval());
}

// Looks at a part of the members, so that all were looked at once in a sixteenth of the window; and counts
// that from the half window after which a quiet one is to be told its position.
void LocalHub::sweep() {
  sweep_due_ = false;
  const auto window = log_.retention_window();
  if (worker_ == 0) log_.tick();
  const auto sweeps = std::max<std::int64_t>(window / 16 / log_.tick_interval(), 1);
  const std::size_t slots = members_.slots_count();
  const Position quiet_since = log_.head_before(window / 2 - window / 16);
  const Position up_to = log_.cursor(worker_) - 1;
  for (std::size_t left = slots / static_cast<std::size_t>(sweeps) + 1; left > 0 && slots > 0; --left) {
    if (sweep_next_ >= slots) sweep_next_ = 0;
    Member* const member = members_.at_slot(sweep_next_++);
    if (member == nullptr || member->is_catching_up() || member->is_cut_off_) continue;
    if (member->known_ + 1 >= quiet_since) continue;
    member->namespace_.handler().on_quiet(*member, up_to);
    member->known_ = up_to;
    if (sweep_next_ >= slots) break;
  }
}

}  // namespace relay
