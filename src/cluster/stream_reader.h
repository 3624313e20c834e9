#pragma once
// Reads a stream, from where it was last, over its own connection, which waits in XREAD.
//
//     connected --> (the first time) what is retained --> live
//               --> (again)          is the last entry still there? --> live
//
// When the last entry that was read is gone, either the stream was trimmed, and the numbers tell what is
// missing; or it is not the stream that it was (emptied, or a failover lost its end), and the listener hears
// of it. What the new one has is read from a minute before, since what was seen already is told by its sender
// and number.
//
// Threading: bound to the thread of its loop.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/message_ring.h"
#include "redis/redis_link.h"

namespace relay {

class StreamListener {
 public:
  virtual ~StreamListener() = default;
  // As MessageRing::Raw says, in order.
  virtual void on_stream_entry(MessageRing::Raw entry) = 0;
  // From here on all that is new comes.
  virtual void on_stream_live() = 0;
  // It is not the stream that it was.
  virtual void on_stream_changed() = 0;
  virtual void on_stream_down(bool was_up, std::string_view reason) = 0;
};

class StreamReader final : private RedisLinkListener {
 public:
  static constexpr std::size_t entries_per_read = 512;
  static constexpr auto block_time = std::chrono::milliseconds(1'000);
  static constexpr auto reread_time = std::chrono::milliseconds(60'000);
  static constexpr auto clock_difference_max = std::chrono::hours(24);  // of Redis and this node

  // `history`: how far back the first reading goes, by the wall clock.
  StreamReader(EventLoop& loop, RedisLinkOptions link, std::string stream, std::chrono::milliseconds history,
               StreamListener& listener);

  void start() { link_.start(); }
  void stop() { link_.stop(); }
  void drop(std::string_view reason) { link_.drop(reason); }
  [[nodiscard]] bool is_up() const noexcept { return link_.is_up(); }

 private:
  void on_link_up(RedisLink& link) override;
  void on_link_down(RedisLink& link, bool was_up, std::string_view reason) override;

  using Handler = void (StreamReader::*)(RedisReply&);
  void ask(const RedisCommand& command, Handler handler, std::chrono::milliseconds extra_time = {});
  void on_newest(RedisReply& reply);
  void read_history();
  void on_history(RedisReply& reply);
  void on_last_entry(RedisReply& reply);
  void on_stream_info(RedisReply& reply);
  void go_live();
  void read_on();
  void on_entries(RedisReply& reply);
  // The entries of an XRANGE or XREAD. False, and the link is down, if they are none.
  [[nodiscard]] bool take(RedisReply& entries);
  // From a while before that id.
  void begin_again(std::string_view from);
  [[nodiscard]] bool is_plausible(const std::string& id);

  EventLoop& loop_;
  const std::string stream_;
  const std::chrono::milliseconds history_;
  const std::chrono::milliseconds command_timeout_;
  StreamListener& listener_;
  RedisLink link_;
  bool has_begun_ = false;
  std::string last_id_ = "0-0";
  std::string newest_id_;  // at the first reading
  std::string doubted_id_;
};

}  // namespace relay
