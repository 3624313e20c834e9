#include "redis/redis_reader.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <hiredis/read.h>

#include "base/check.h"

namespace relay {

struct RedisReader::State {
  RedisReaderLimits limits;
  std::optional<RedisReadError> failure = std::nullopt;
  std::size_t reply_elements = 0;  // of the reply that is being read
  std::size_t reply_bytes = 0;
  redisReader* reader = nullptr;

  [[nodiscard]] std::string_view unparsed() const noexcept {
    return {reader->buf + reader->pos, reader->len - reader->pos};
  }
  [[nodiscard]] bool fits(const redisReadTask& task, std::size_t bytes) const noexcept {
    const std::size_t largest =
        task.type == REDIS_REPLY_STRING ? limits.bulk_bytes_max : limits.line_bytes_max;
    const std::size_t before = task.parent == nullptr ? 0 : reply_bytes;
    return bytes <= largest && bytes <= limits.reply_bytes_max - before;
  }
  void check_unfinished_item();

  // The functions by which hiredis builds a reply. Null tells it to give up.
  static State& of(const redisReadTask* task) noexcept;
  static void* create_string(const redisReadTask* task, char* text, std::size_t size) noexcept;
  static void* create_array(const redisReadTask* task, int elements) noexcept;
};

namespace {

using Kind = RedisReply::Kind;

// A signed 64-bit number has at most 20 characters.
constexpr std::size_t number_bytes_max = 20;
constexpr std::size_t elements_reserved_max = 16;

// hiredis owns the outermost reply until next() takes it; the others lie in their parents. An address stays
// good for as long as hiredis uses it: while an array is filled, nothing is appended to the arrays around it.
void* place(const redisReadTask* task, RedisReply&& reply) noexcept {
  if (task->parent == nullptr) return std::make_unique<RedisReply>(std::move(reply)).release();
  return &static_cast<RedisReply*>(task->parent->obj)->elements.emplace_back(std::move(reply));
}

Kind kind_of(int type) noexcept {
  if (type == REDIS_REPLY_STATUS) return Kind::status;
  return type == REDIS_REPLY_ERROR ? Kind::error : Kind::bulk;
}

std::size_t depth_of(const redisReadTask* task) noexcept {
  std::size_t depth = 0;
  for (; task != nullptr; task = task->parent) ++depth;
  return depth;
}

void* create_integer(const redisReadTask* task, long long number) noexcept {
  return place(task, {.kind = Kind::integer, .integer = number});
}

void* create_nil(const redisReadTask* task) noexcept {
  return place(task, {});
}

void free_object(void* object) noexcept {
  const std::unique_ptr<RedisReply> dying(static_cast<RedisReply*>(object));
}

}  // namespace

RedisReader::State& RedisReader::State::of(const redisReadTask* task) noexcept {
  State& state = *static_cast<State*>(task->privdata);
  if (task->parent == nullptr) {
    state.reply_elements = 0;
    state.reply_bytes = 0;
  }
  return state;
}

void* RedisReader::State::create_string(const redisReadTask* task, char* text, std::size_t size) noexcept {
  State& state = of(task);
  if (!state.fits(*task, size)) {
    state.failure = RedisReadError::too_large;
    return nullptr;
  }
  state.reply_bytes += size;
  return place(task, {.kind = kind_of(task->type), .text = std::string(text, size)});
}

void* RedisReader::State::create_array(const redisReadTask* task, int elements) noexcept {
  State& state = of(task);
  const auto count = static_cast<std::size_t>(std::max(elements, 0));
  if (depth_of(task) > state.limits.nesting_max) {
    state.failure = RedisReadError::too_deep;
    return nullptr;
  }
  if (count > state.limits.elements_max - state.reply_elements) {
    state.failure = RedisReadError::too_large;
    return nullptr;
  }
  state.reply_elements += count;
  void* const array = place(task, {.kind = Kind::array});
  // Little memory is set aside for a number that is only announced.
  static_cast<RedisReply*>(array)->elements.reserve(std::min(count, elements_reserved_max));
  return array;
}

// Of an item whose end has not come: hiredis would wait for as many bytes as were announced, and for ever for
// the end of a line.
void RedisReader::State::check_unfinished_item() {
  if (reader->ridx < 0) return;
  const redisReadTask& item = reader->rstack[reader->ridx];
  if (item.type < 0) return;  // not even its first byte has come
  const std::string_view rest = unparsed();
  const std::size_t line_end = rest.find("\r\n");
  if (line_end == std::string_view::npos) {
    const bool is_text = item.type == REDIS_REPLY_STATUS || item.type == REDIS_REPLY_ERROR;
    // One more than the limit: a '\r' may be the first byte of the line's end.
    if (is_text && !fits(item, rest.size() - std::min<std::size_t>(rest.size(), 1))) {
      failure = RedisReadError::too_large;
    } else if (!is_text && rest.size() > number_bytes_max + 1) {
      failure = RedisReadError::malformed;
    }
    return;
  }
  std::size_t announced = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + line_end, announced);
  if (item.type == REDIS_REPLY_STRING && error == std::errc() && !fits(item, announced)) {
    failure = RedisReadError::too_large;
  }
}

std::string_view describe(RedisReadError error) noexcept {
  switch (error) {
    case RedisReadError::malformed:
      return "sent what is no Redis reply";
    case RedisReadError::too_large:
      return "sent a reply above the limit";
    case RedisReadError::too_deep:
      return "sent a reply that is nested too deep";
  }
  return "";
}

RedisReader::RedisReader(const RedisReaderLimits& limits) : state_(std::make_unique<State>(limits)) {
  RELAY_CHECK(limits.nesting_max <= RedisReaderLimits::nesting_possible);
  RELAY_CHECK(limits.unparsed_bytes_max >= limits.bulk_bytes_max + framing_bytes);
  RELAY_CHECK(limits.unparsed_bytes_max >= limits.line_bytes_max + framing_bytes);
  static redisReplyObjectFunctions functions{State::create_string, State::create_array, create_integer,
                                             create_nil, free_object};
  state_->reader = redisReaderCreateWithFunctions(&functions);
  RELAY_CHECK(state_->reader != nullptr);
  state_->reader->privdata = state_.get();
}

RedisReader::~RedisReader() {
  redisReaderFree(state_->reader);
}

std::size_t RedisReader::feed(std::string_view bytes) {
  if (state_->failure) return bytes.size();
  const std::size_t taken = std::min(bytes.size(), state_->limits.unparsed_bytes_max - unparsed_bytes());
  if (taken == 0) return 0;
  RELAY_CHECK(redisReaderFeed(state_->reader, bytes.data(), taken) == REDIS_OK);  // else out of memory
  return taken;
}

std::expected<std::optional<RedisReply>, RedisReadError> RedisReader::next() {
  if (state_->failure) return std::unexpected(*state_->failure);
  void* object = nullptr;
  if (redisReaderGetReply(state_->reader, &object) != REDIS_OK) {
    // Else it was one of the functions above.
    if (!state_->failure) state_->failure = RedisReadError::malformed;
    return std::unexpected(*state_->failure);
  }
  if (object != nullptr) {
    const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(object));
    return std::move(*reply);
  }
  state_->check_unfinished_item();
  if (state_->failure) return std::unexpected(*state_->failure);
  return std::nullopt;
}

std::size_t RedisReader::unparsed_bytes() const noexcept {
  return state_->reader->len - state_->reader->pos;
}

}  // namespace relay
