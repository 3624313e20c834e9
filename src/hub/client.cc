#include "hub/client.h"

#include <algorithm>
#include <string>
#include <utility>

#include "hub/local_hub.h"
#include "protocol/socketio_packet.h"

namespace relay {

// An older connection of the socket that comes back is being closed, on another worker or node.
struct Client::Claiming {
  std::unique_ptr<Member> member;
  Namespace& home;
  Admitted admitted;
  std::string socket_id;
  std::uint64_t claim;
};

// A CONNECT that cannot be answered at once, and the packets that came behind it.
struct Client::HeldConnect {
  struct Message {
    std::string bytes;
    bool is_binary;
  };

  explicit HeldConnect(Client& holding)
      : client(holding), handle(holding.hub_.waiting_clients().insert(holding)) {}
  ~HeldConnect() { client.hub_.waiting_clients().erase(handle); }
  HeldConnect(const HeldConnect&) = delete;
  HeldConnect& operator=(const HeldConnect&) = delete;

  void on_deadline() { client.on_hold_timeout(); }

  Client& client;
  const Handle handle;
  std::unique_ptr<Claiming> claiming = {};  // null: it waits for the bus, and is the first of the messages
  bool is_for_sync = false;
  std::vector<Message> messages = {};
  std::size_t bytes = 0;
  MemberTimer<HeldConnect, &HeldConnect::on_deadline> deadline{*this};
};

Client::Client(LocalHub& hub, EngineSession& session, std::unique_ptr<HandshakeData> handshake)
    : hub_(hub),
      session_(session),
      decoder_(session.message_bytes_max(), LocalHub::json_depth_max),
      handshake_(std::move(handshake)),
      connect_deadline_(std::make_unique<MemberTimer<Client, &Client::on_connect_timeout>>(*this)) {
  hub_.loop().timers().arm(*connect_deadline_, hub_.loop().now(), hub_.options().connect_timeout);
}

Client::~Client() = default;

bool Client::hold(std::string_view message, bool is_binary) {
  if (held_ == nullptr) return false;
  held_->bytes += message.size();
  if (held_->bytes > held_bytes_max || held_->messages.size() == held_packets_max) {
    session_.close(CloseReason::transport_error);
    return true;
  }
  held_->messages.push_back({std::string(message), is_binary});
  return true;
}

void Client::on_text(std::string_view message) {
  if (hold(message, false)) return;
  auto assembled = decoder_.text(message);
  if (!assembled) return session_.close(CloseReason::invalid_packet);
  if (*assembled) on_packet(**assembled, message);
}

void Client::on_binary(std::string_view message) {
  if (hold(message, true)) return;
  auto assembled = decoder_.binary(message);
  if (!assembled) return session_.close(CloseReason::invalid_packet);
  if (*assembled) on_packet(**assembled, message);
}

void Client::on_packet(socketio::Assembled& assembled, std::string_view message) {
  const socketio::Packet& packet = assembled.packet;
  switch (packet.type) {
    case socketio::PacketType::connect:
      return on_connect(packet, message);
    case socketio::PacketType::disconnect:
      return on_disconnect(packet);
    case socketio::PacketType::event:
    case socketio::PacketType::binary_event:
      return on_event(packet, std::move(assembled.attachments));
    case socketio::PacketType::ack:
    case socketio::PacketType::binary_ack:
      // Nothing here asks for one; but whoever sends it must be connected.
      if (find(packet.namespace_name) == nullptr) session_.close(CloseReason::invalid_packet);
      return;
    case socketio::PacketType::connect_error:
      return session_.close(CloseReason::invalid_packet);
  }
}

Member* Client::find(std::string_view namespace_name) const {
  const auto found = std::ranges::find_if(
      members_, [&](const auto& member) { return member->namespace_name() == namespace_name; });
  return found == members_.end() ? nullptr : found->get();
}

void Client::on_connect(const socketio::Packet& packet, std::string_view message) {
  if (find(packet.namespace_name) != nullptr || members_.size() == namespaces_max) {
    return session_.close(CloseReason::invalid_packet);
  }
  Namespace* const home = hub_.find_namespace(packet.namespace_name);
  if (home == nullptr) {
    std::string refusal = "4";
    socketio::append_connect_error(refusal, packet.namespace_name, {.message = "Invalid namespace"});
    return session_.send_text(refusal);
  }
  if (!hub_.bus().is_ready()) {
    return hold_for_bus(message);
  }
  auto member = std::make_unique<Member>(*this, *home, hub_.new_socket_id());
  ConnectDecision decision = home->handler().on_connect(*member, packet.json, handshake_.get());
  if (auto* const admitted = std::get_if<Admitted>(&decision)) {
    if (admitted->resume && admitted->resume->as) {
      return claim(std::move(member), *home, std::move(*admitted));
    }
    admit(std::move(member), *home, std::move(*admitted), 0);
  } else if (const auto* const refused = std::get_if<Refused>(&decision)) {
    std::string refusal = "4";
    socketio::append_connect_error(refusal, home->name(),
                                   {.message = refused->message, .data_json = refused->data_json});
    session_.send_text(refusal);
  } else if (std::holds_alternative<OnceInSync>(decision)) {
    wait_for_sync(message);
  } else {
    session_.close(CloseReason::forced_close);
  }
}

void Client::begin_hold() {
  held_ = std::make_unique<HeldConnect>(*this);
}

Handle Client::waiting_handle() const noexcept {
  return held_ == nullptr ? no_handle : held_->handle;
}

void Client::hold_for_bus(std::string_view message) {
  begin_hold();
  hub_.loop().timers().arm(held_->deadline, hub_.loop().now(), hub_.options().bus_timeout);
  static_cast<void>(hold(message, false));
}

void Client::wait_for_sync(std::string_view message) {
  hold_for_bus(message);
  held_->is_for_sync = true;
  const bool is_in_sync = hub_.sync([&hub = hub_, handle = held_->handle] {
    if (Client* const client = hub.waiting_clients().find(handle)) client->on_in_sync();
  });
  if (is_in_sync) on_in_sync();
}

void Client::on_in_sync() {
  if (held_ == nullptr || !held_->is_for_sync) return;
  is_in_sync_ = true;
  release(std::move(held_));
  is_in_sync_ = false;
}

void Client::on_hold_timeout() {
  // The client comes back by itself, and finds another node perhaps.
  session_.close(CloseReason::forced_close);
}

void Client::on_bus_ready() {
  const bool waits = held_ != nullptr && held_->claiming == nullptr && !held_->is_for_sync;
  if (waits) release(std::move(held_));
}

void Client::claim(std::unique_ptr<Member> member, Namespace& home, Admitted admitted) {
  std::string socket_id(admitted.resume->as->text());
  const EventLog::SocketClaim claim = hub_.log().claim_socket(home.name(), socket_id);
  begin_hold();
  held_->claiming = std::make_unique<Claiming>(
      Claiming{std::move(member), home, std::move(admitted), std::move(socket_id), claim.number});
  if (hub_.free_socket(home.name(), held_->claiming->socket_id, claim, held_->handle)) on_socket_free();
}

void Client::drop_claim() {
  if (held_ == nullptr) return;
  if (const auto& claiming = held_->claiming) {
    hub_.log().abandon_claim(claiming->socket_id, claiming->claim);
  }
  held_.reset();
}

void Client::on_socket_free() {
  std::unique_ptr<HeldConnect> held = std::move(held_);
  const std::unique_ptr<Claiming> claiming = std::move(held->claiming);
  const auto head =
      hub_.log().settle_claim(hub_.worker(), claiming->home.name(), claiming->socket_id, claiming->claim);
  // A later connection of this very socket has taken our place.
  if (!head) return session_.close(CloseReason::forced_close);
  claiming->member->claim_ = claiming->claim;
  admit(std::move(claiming->member), claiming->home, std::move(claiming->admitted), *head);
  release(std::move(held));
}

void Client::release(std::unique_ptr<HeldConnect> held) {
  const std::vector<HeldConnect::Message> messages = std::move(held->messages);
  held.reset();
  for (const HeldConnect::Message& message : messages) {
    if (!session_.is_open()) return;
    message.is_binary ? on_binary(message.bytes) : on_text(message.bytes);
  }
}

// The member is in its rooms, on which the log's proof depends; nothing was sent to it yet.
ResumeOutcome Client::resume(Member& member, const std::optional<Resume>& wish) {
  if (!wish) return ResumeOutcome::not_asked;
  const std::string_view id = wish->as ? wish->as->text() : member.id();
  const std::vector<std::string_view> rooms = member.rooms();
  if (!hub_.log().reaches(member.reader(rooms, id), wish->after)) return ResumeOutcome::failed;
  if (wish->as) member.id_ = *wish->as;
  member.known_ = wish->after;
  return ResumeOutcome::resumed;
}

void Client::admit(std::unique_ptr<Member> owned, Namespace& home, Admitted admitted, Position begin) {
  connect_deadline_.reset();
  session_.set_trusted();
  decoder_.set_packet_bytes_max(session_.message_bytes_max());
  Member& member = *owned;
  member.data_ = std::move(admitted.data);
  member.handle_ = hub_.members().insert(member);
  members_.push_back(std::move(owned));
  // Where it was, the log may have been read further than here.
  if (admitted.resume) begin = std::max(begin, std::min(admitted.resume->after + 1, hub_.log().head()));
  // It has heard what this worker may have still to read.
  if (is_in_sync_) begin = std::max(begin, hub_.log().head());
  home.join(member, admitted.rooms, begin);
  member.known_ = hub_.log().cursor(hub_.worker()) - 1;
  const ResumeOutcome outcome = resume(member, admitted.resume);
  if (outcome == ResumeOutcome::failed && admitted.resume->as) {
    home.leave_own_id(admitted.resume->as->text());
  }
  home.add(member);
  hub_.probe().members_connected.add();
  const std::string pid = home.handler().private_id(member, outcome, member.known_);
  std::string answer = "4";
  socketio::append_connect(answer, home.name(), {.sid = member.id(), .pid = pid});
  session_.send_text(answer);
  // Before anything can close the session: what it missed is counted from here.
  if (outcome == ResumeOutcome::resumed) hub_.begin_replay(member, admitted.resume->as.has_value());
  home.handler().on_connected(member, outcome);
}

void Client::on_event(const socketio::Packet& packet, std::vector<std::string> attachments) {
  Member* const member = find(packet.namespace_name);
  if (member == nullptr) return session_.close(CloseReason::invalid_packet);
  const MemberEvent event{.name_json = packet.event_name_json,
                          .arguments_json = packet.arguments_json,
                          .arguments_count = packet.arguments_count,
                          .ack_id = packet.id,
                          .attachments = std::move(attachments)};
  member->namespace_.handler().on_event(*member, event);
}

void Client::on_disconnect(const socketio::Packet& packet) {
  Member* const member = find(packet.namespace_name);
  if (member == nullptr) return session_.close(CloseReason::invalid_packet);
  remove(*member, DisconnectReason::client_left, std::nullopt);
}

void Client::remove(Member& member, DisconnectReason reason, std::optional<CloseReason> closed) {
  const auto found =
      std::ranges::find_if(members_, [&](const auto& owned) { return owned.get() == &member; });
  if (found == members_.end()) return;
  // Out of the list first: what the handler does must not meet it again.
  const std::unique_ptr<Member> dying = std::move(*found);
  members_.erase(found);
  hub_.members().erase(dying->handle_);
  dying->namespace_.remove(*dying);
  hub_.probe().members_disconnected.add();
  dying->namespace_.handler().on_disconnected(*dying, reason, closed);
}

void Client::on_receipt(std::uint32_t receipt) {
  for (const auto& member : members_) member->confirm(receipt);
}

void Client::on_queue_below() {
  for (const auto& member : members_) {
    if (member->is_catching_up()) hub_.continue_replay(*member);
  }
}

void Client::on_closed(CloseReason reason) {
  connect_deadline_.reset();
  drop_claim();
  while (!members_.empty()) remove(*members_.back(), DisconnectReason::session_ended, reason);
}

void Client::on_connect_timeout() {
  session_.close(CloseReason::connect_timeout);
}

}  // namespace relay
