#pragma once
// What this relay says to the others, and hears from them, beside the events: that it is alive, and questions
// with a deadline, which are always answered, if need be with the names of the nodes that did not.
//
//     hello      I am new: say that you are there          heartbeat   I am there, with what I am
//     bye        I leave                                   ask, answer a survey
//
// A node that is connected again says hello before it says anything else, so that the others have it in their
// tables when they hear its events.
//
// Threading: bound to the bus's thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "cluster/bus_mac.h"
#include "cluster/bus_probe.h"
#include "cluster/control_codec.h"
#include "cluster/node_table.h"
#include "cluster/replay_window.h"
#include "cluster/survey_book.h"
#include "net/event_loop.h"
#include "redis/redis_connection.h"

namespace relay {

struct ControlOptions {
  std::string key_prefix = "socket.io";
  NodeNews self;  // with its uid; the counts are asked for
  std::chrono::milliseconds heartbeat_interval{2'000};
  std::chrono::milliseconds lease{10'000};
};

class ClusterControl {
 public:
  static constexpr std::size_t part_bytes_max = 1024 * 1024;

  // May be called at any time, once, on the bus's thread.
  using Reply = std::move_only_function<void(std::string answer)>;
  struct Calls {
    // Fills in the counts.
    std::function<void(NodeNews&)> count;
    // A question of another node. Whoever does not know its kind drops the reply.
    std::function<void(std::string_view kind, std::string_view question, Reply reply)> on_question;
  };

  // All must outlive it.
  ClusterControl(EventLoop& loop, ControlOptions options, const BusMac& mac, Log& log, BusProbe& probe,
                 Calls calls);

  // The connection on which everything is said.
  void on_link_up(RedisConnection& connection);
  void on_link_down() { connection_ = nullptr; }
  // Also when the subscription stands, to hear who is there.
  void say_hello();
  // What a subscriber of channels() hears.
  void on_message(std::string_view channel, const std::string& payload);
  [[nodiscard]] std::vector<std::string> channels() const;

  void tick();
  void say_bye();

  // Asks all other nodes that are alive. The callback comes once, perhaps before this returns.
  void ask_all(std::string_view kind, std::string_view question, std::chrono::milliseconds timeout,
               SurveyBook::Callback callback);

  [[nodiscard]] const NodeTable& nodes() const noexcept { return nodes_; }
  // The names of settings in which the oldest node differs from this one; empty: none does, or we are the
  // oldest.
  [[nodiscard]] std::string disagreement() const;

 private:
  void say(const std::string& channel, std::string_view kind, std::string body);
  void say_presence(std::string_view kind);
  void hear_news(const ControlMessage& message);
  void hear_question(const ControlMessage& message);
  void hear_answer(const ControlMessage& message);
  void answer(const std::string& uid, std::string_view survey, std::string_view bytes);
  void forget(const NodeName& node);
  // The table has changed.
  void note_nodes();

  EventLoop& loop_;
  const ControlOptions options_;
  const ControlCodec codec_;
  Log& log_;
  BusProbe& probe_;
  const Calls calls_;
  const std::string own_channel_;
  RedisConnection* connection_ = nullptr;
  std::uint64_t messages_count_ = 0;
  SteadyTime next_heartbeat_{};
  ReplayWindow seen_;
  NodeTable nodes_;
  SurveyBook surveys_;
};

}  // namespace relay
