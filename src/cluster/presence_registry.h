#pragma once
// Which accounts are in which rooms on which nodes, kept in Redis, so that a room hears of an account once,
// however many nodes it is on.
//
//     P#relay:here:<room>\n<account>   set     nodes on which it has sockets, or is within its grace
//     P#relay:pairs:<uid>              set     `<room>\n<account>` of a node, for whoever sweeps it
//     P#relay:nodes                    set     nodes that have any
//     P#relay:lease:<uid>              string  a node that lives; it ends lease after the node's death
//     P#relay:here                     string  tells this data from that of a Redis that was emptied
//
// A node whose lease has ended counts for nothing. Every node sweeps: what it takes from a dead node's list
// it alone takes, and tells. A node that was away so long that it was swept enters all its pairs again before
// anything else; after the data was lost it does so too, and tells nobody.
//
// Threading: enter() and leave() from any; the rest is bound to the bus's thread.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "redis/redis_connection.h"
#include "relay/presence_ledger.h"

namespace relay {

class PresenceRegistry final : public PresenceLedger {
 public:
  static constexpr auto renewal_interval = std::chrono::milliseconds(2'000);
  static constexpr std::size_t pairs_per_sweep = 256;
  static constexpr std::size_t pairs_per_run = 256;

  enum class Change : std::uint8_t { joined, left };
  struct Options {
    std::string key_prefix;
    std::string uid;
    std::chrono::milliseconds lease{10'000};
  };
  struct Calls {
    std::function<void(std::move_only_function<void()>)> post;  // onto the bus's thread, from any
    std::function<void(Change, const std::string& room, std::string_view account)> tell;
  };

  PresenceRegistry(EventLoop& loop, Options options, Calls calls);

  void enter(std::string room, std::string account) override;
  void leave(std::string room, std::string account) override;

  void on_link_up(RedisConnection& connection);
  void on_link_down() { connection_ = nullptr; }
  void tick();

 private:
  // By `<room>\n<account>`; a room has no control characters.
  using Pairs = std::map<std::string, bool, std::less<>>;  // whether Redis has answered to its entering

  void do_enter(const std::string& pair);
  void do_leave(const std::string& pair);
  void run(std::string_view operation, std::span<const std::string> arguments, RedisCallback callback);
  void on_registered(const RedisReply& reply);
  void enter_all(bool is_quiet);
  void leave_stale(const RedisReply& known);
  void renew();
  void tell(Change change, const RedisReply& pairs);

  EventLoop& loop_;
  const Options options_;
  const Calls calls_;
  RedisConnection* connection_ = nullptr;
  bool is_registered_ = false;
  std::string data_id_;  // of the data in Redis that has our pairs
  Pairs pairs_;
  SteadyTime next_renewal_{};
};

}  // namespace relay
