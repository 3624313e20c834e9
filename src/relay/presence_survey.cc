#include "relay/presence_survey.h"

#include <memory>
#include <utility>

namespace relay {
namespace {

// Lives as long as a worker owes its answer, or until the time is over.
struct Survey {
  explicit Survey(unsigned workers) : missing(workers) {}

  void add(const RoomAccounts& part) {
    for (const auto& [account, sockets] : part) accounts[account] += sockets;
    if (--missing == 0) finish(std::move(accounts));
  }
  void on_timeout() { finish(std::nullopt); }
  void finish(const std::optional<RoomAccounts>& result) {
    timer.disarm();
    if (auto tell = std::exchange(callback, {})) tell(result);
  }

  unsigned missing;
  RoomAccounts accounts = {};
  std::move_only_function<void(const std::optional<RoomAccounts>&)> callback = {};
  MemberTimer<Survey, &Survey::on_timeout> timer{*this};
};

RoomAccounts accounts_here(LocalHub& hub, const std::string& room_name) {
  RoomAccounts accounts;
  const Namespace* const home = hub.find_namespace("/");
  const Room* const room = home == nullptr ? nullptr : home->find_room(room_name);
  if (room == nullptr) return accounts;
  for (const Room::Place& place : room->places()) ++accounts[std::string(place.member->data()->owner())];
  return accounts;
}

}  // namespace

void survey_presence(LocalHub& hub, const std::string& room, std::chrono::milliseconds timeout,
                     std::move_only_function<void(const std::optional<RoomAccounts>&)> callback) {
  const auto survey = std::make_shared<Survey>(hub.workers_count());
  survey->callback = std::move(callback);
  hub.loop().timers().arm(survey->timer, hub.loop().now(), timeout);
  for (unsigned worker = 0; worker < hub.workers_count(); ++worker) {
    hub.run_on(worker, [survey, room, home = hub.worker()](LocalHub& there) {
      there.run_on(home, [survey, part = accounts_here(there, room)](LocalHub&) { survey->add(part); });
    });
  }
}

}  // namespace relay
