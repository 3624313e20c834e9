#include "cluster/stream_reader.h"

#include <algorithm>
#include <utility>

#include "cluster/bus_format.h"

namespace relay {
namespace {

std::string id_at(std::chrono::milliseconds since_epoch) {
  return std::to_string(std::max<std::int64_t>(since_epoch.count(), 0)) + "-0";
}

// In the reply of XINFO STREAM, a list of names and values.
const RedisReply* value_of(const RedisReply& info, std::string_view name) {
  for (std::size_t i = 0; i + 1 < info.elements.size(); i += 2) {
    if (info.elements[i].text == name) return &info.elements[i + 1];
  }
  return nullptr;
}

}  // namespace

StreamReader::StreamReader(EventLoop& loop, RedisLinkOptions link, std::string stream,
                           std::chrono::milliseconds history, StreamListener& listener)
    : loop_(loop),
      stream_(std::move(stream)),
      history_(history),
      command_timeout_(link.command_timeout),
      listener_(listener),
      link_(loop, std::move(link), *this) {}

void StreamReader::ask(const RedisCommand& command, Handler handler, std::chrono::milliseconds extra_time) {
  RedisConnection* const connection = link_.connection();
  if (connection == nullptr) return;
  const auto sent = connection->send(
      command,
      [this, handler](RedisReply&& reply) {
        if (!reply.is_lost()) (this->*handler)(reply);
      },
      command_timeout_ + extra_time);
  if (!sent) link_.drop("a command could not be sent");
}

void StreamReader::on_link_up(RedisLink& /*link*/) {
  if (!has_begun_) return ask({"XREVRANGE", stream_, "+", "-", "COUNT", "1"}, &StreamReader::on_newest);
  if (last_id_ == "0-0") return go_live();
  ask({"XRANGE", stream_, last_id_, last_id_}, &StreamReader::on_last_entry);
}

void StreamReader::on_link_down(RedisLink& /*link*/, bool was_up, std::string_view reason) {
  listener_.on_stream_down(was_up, reason);
}

// ---- the first reading

void StreamReader::on_newest(RedisReply& reply) {
  if (reply.is_error()) return link_.drop(reply.text);
  const bool has_entry = !reply.elements.empty() && !reply.elements.front().elements.empty();
  if (!has_entry) {
    has_begun_ = true;
    return go_live();
  }
  newest_id_ = reply.elements.front().elements.front().text;
  const auto since = loop_.clock().wall().time_since_epoch() - history_;
  last_id_ = id_at(std::chrono::duration_cast<std::chrono::milliseconds>(since));
  read_history();
}

void StreamReader::read_history() {
  const auto last = position_of_stream_id(last_id_);
  const auto newest = position_of_stream_id(newest_id_);
  if (!last || !newest) return link_.drop("an entry of the stream has no proper id");
  if (*last >= *newest) {
    last_id_ = newest_id_;
    has_begun_ = true;
    return go_live();
  }
  ask({"XRANGE", stream_, stream_id_of_position(*last + 1), newest_id_, "COUNT",
       std::to_string(entries_per_read)},
      &StreamReader::on_history);
}

void StreamReader::on_history(RedisReply& reply) {
  if (reply.is_error()) return link_.drop(reply.text);
  if (reply.elements.empty()) last_id_ = newest_id_;  // trimmed meanwhile
  if (take(reply)) read_history();
}

// ---- again

void StreamReader::on_last_entry(RedisReply& reply) {
  if (reply.is_error()) return link_.drop(reply.text);
  if (!reply.elements.empty()) return go_live();
  ask({"XINFO", "STREAM", stream_}, &StreamReader::on_stream_info);
}

void StreamReader::on_stream_info(RedisReply& reply) {
  const RedisReply* const newest = value_of(reply, "last-generated-id");
  const RedisReply* const first = value_of(reply, "first-entry");
  const auto last = position_of_stream_id(last_id_);
  const auto newest_position = newest == nullptr ? std::nullopt : position_of_stream_id(newest->text);
  if (!newest_position) return begin_again("0-0");                // there is none
  if (*newest_position < last) return begin_again(newest->text);  // it is a younger one
  const bool is_empty = first == nullptr || first->elements.empty();
  const auto first_position = is_empty ? std::nullopt : position_of_stream_id(first->elements.front().text);
  if (first_position && *first_position <= last)
    return begin_again(last_id_);  // it should hold the last entry
  go_live();
}

void StreamReader::begin_again(std::string_view from) {
  const auto time =
      std::chrono::milliseconds(position_of_stream_id(from).value_or(0) >> stream_sequence_bits);
  last_id_ = id_at(time - reread_time);
  listener_.on_stream_changed();
  go_live();
}

// ---- live

void StreamReader::go_live() {
  listener_.on_stream_live();
  read_on();
}

void StreamReader::read_on() {
  ask({"XREAD", "COUNT", std::to_string(entries_per_read), "BLOCK", std::to_string(block_time.count()),
       "STREAMS", stream_, last_id_},
      &StreamReader::on_entries, block_time);
}

void StreamReader::on_entries(RedisReply& reply) {
  if (reply.is_error()) return link_.drop(reply.text);
  const bool has_entries = !reply.elements.empty() && reply.elements.front().elements.size() == 2;
  if (has_entries && !take(reply.elements.front().elements[1])) return;
  read_on();
}

// An id that a broken line has changed must not make us read from where nothing comes: ids rise, and follow
// the clock of Redis, which is near ours or near those before. One that comes again as it was is no accident.
bool StreamReader::is_plausible(const std::string& id) {
  const auto position = position_of_stream_id(id);
  const auto last = position_of_stream_id(last_id_);
  if (!position || !last || *position <= *last) return false;
  const auto time_of = [](Position at) { return std::chrono::milliseconds(at >> stream_sequence_bits); };
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.clock().wall().time_since_epoch());
  const Position newest = position_of_stream_id(newest_id_).value_or(0);
  const auto latest = std::max({time_of(*last), time_of(newest), now}) + clock_difference_max;
  return time_of(*position) <= latest || std::exchange(doubted_id_, id) == id;
}

bool StreamReader::take(RedisReply& entries) {
  for (RedisReply& entry : entries.elements) {
    if (entry.elements.size() != 2) {
      link_.drop("sent what is no entry of a stream");
      return false;
    }
    if (!is_plausible(entry.elements[0].text)) {
      link_.drop("sent an entry whose id cannot be");
      return false;
    }
    last_id_ = entry.elements[0].text;
    MessageRing::Raw raw;
    raw.reserve(1 + entry.elements[1].elements.size());
    raw.push_back(std::move(entry.elements[0].text));
    for (RedisReply& part : entry.elements[1].elements) raw.push_back(std::move(part.text));
    listener_.on_stream_entry(std::move(raw));
  }
  return true;
}

}  // namespace relay
