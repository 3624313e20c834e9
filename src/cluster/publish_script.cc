#include "cluster/publish_script.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/check.h"
#include "cluster/publish_script_text.h"
#include "cluster/script_hash.h"

namespace relay {
namespace {

using Kind = PublishedMessage::Kind;

constexpr std::size_t number_bytes = 8;
constexpr std::string_view no_answer = "answered with what the publish script does not say";
// A stream's fields become arguments of one call in Lua, which takes a few thousand.
constexpr std::size_t fields_max = 64;

std::optional<std::uint64_t> parse_number(const RedisReply& reply) {
  std::uint64_t number = 0;
  const char* const end = reply.text.data() + reply.text.size();
  const auto [rest, error] = std::from_chars(reply.text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

bool is_text(const RedisReply& reply) {
  return reply.kind == RedisReply::Kind::bulk;
}

bool is_texts(const RedisReply& reply) {
  return reply.kind == RedisReply::Kind::array && std::ranges::all_of(reply.elements, is_text);
}

std::optional<PublishedMessage> parse_accepted(const RedisReply& reply) {
  // published, number, stream id | seen, epoch, number, stream id, note
  const std::vector<RedisReply>& texts = reply.elements;
  const bool is_seen = texts.front().text == "seen";
  if (texts.size() != (is_seen ? 5 : 3)) return std::nullopt;
  const auto number = parse_number(texts[is_seen ? 2 : 1]);
  if (!number) return std::nullopt;
  if (!is_seen)
    return PublishedMessage{.kind = Kind::published, .number = *number, .stream_id = texts[2].text};
  return PublishedMessage{.kind = Kind::seen,
                          .epoch = texts[1].text,
                          .number = *number,
                          .stream_id = texts[3].text,
                          .note = texts[4].text};
}

std::optional<PublishedMessage> parse_message(const RedisReply& reply) {
  if (!is_texts(reply) || reply.elements.empty()) return std::nullopt;
  const std::string_view word = reply.elements.front().text;
  if (word == "published" || word == "seen") return parse_accepted(reply);
  if (word == "conflict") return PublishedMessage{.kind = Kind::conflict};
  if (word == "full") return PublishedMessage{.kind = Kind::full};
  if (word == "refused" && reply.elements.size() == 2) {
    return PublishedMessage{.kind = Kind::refused, .error = reply.elements[1].text};
  }
  return std::nullopt;
}

// False if they are none.
bool parse_messages(const RedisReply& reply, PublishBatchResult& result) {
  if (reply.kind != RedisReply::Kind::array) return false;
  result.messages.reserve(reply.elements.size());
  for (const RedisReply& element : reply.elements) {
    auto message = parse_message(element);
    if (!message) return false;
    if (message->kind == Kind::published) message->epoch = result.epoch;
    result.messages.push_back(std::move(*message));
  }
  return true;
}

std::size_t count_nonces(std::span<const BusMessage> messages) {
  const auto count =
      std::ranges::count_if(messages, [](const BusMessage& message) { return !message.nonce.text.empty(); });
  return static_cast<std::size_t>(count);
}

void add_nonce(RedisCommand& command, const BusNonce& nonce) {
  if (nonce.text.empty()) {
    command.add("0");
    return;
  }
  command.add("1").add(nonce.fingerprint).add(nonce.note);
}

void add_published(RedisCommand& command, const BusMessage& message) {
  RELAY_CHECK(message.payload.size() >= number_bytes);
  const std::string_view payload = message.payload;
  command.add("2").add(message.channel).add(payload.substr(0, payload.size() - number_bytes));
}

void add_appended(RedisCommand& command, const BusMessage& message) {
  RELAY_CHECK(message.fields.size() <= fields_max);
  command.add(2 * message.fields.size());
  for (const StreamField& field : message.fields) command.add(field.name).add(field.value);
}

}  // namespace

PublishScript::PublishScript(PublishScriptOptions options)
    : options_(std::move(options)), hash_(script_hash(publish_script_text)) {
  RELAY_CHECK(options_.nonce_lifetime > std::chrono::milliseconds(0));
}

RedisCommand PublishScript::by_hash(const PublishBatch& batch) const {
  RedisCommand command{"EVALSHA", hash_};
  add_arguments(command, batch);
  return command;
}

RedisCommand PublishScript::whole(const PublishBatch& batch) const {
  RedisCommand command{"EVAL", publish_script_text};
  add_arguments(command, batch);
  return command;
}

void PublishScript::add_arguments(RedisCommand& command, const PublishBatch& batch) const {
  RELAY_CHECK(batch.messages.size() <= messages_max && !batch.epoch_candidate.empty());
  const bool is_streams = options_.adapter == BusAdapter::streams;
  const std::size_t nonces_count = count_nonces(batch.messages);
  const std::string prefix = options_.key_prefix + "#relay:";

  command.add((is_streams ? 4 : 3) + nonces_count);
  command.add(prefix + "state").add(prefix + "batch:" + std::string(batch.uid)).add(prefix + "nonces");
  if (is_streams) command.add(options_.key_prefix);
  for (const BusMessage& message : batch.messages) {
    if (!message.nonce.text.empty()) command.add(prefix + "nonce:" + message.nonce.text);
  }

  command.add(batch.number).add(is_streams ? "streams" : "pubsub").add(batch.epoch_candidate);
  // A stream numbers its entries itself, whatever server it is on.
  command.add(is_streams ? std::string_view() : batch.run).add(batch.broken_epoch).add(batch.numbers_above);
  command.add(options_.stream_length_max);
  command.add(options_.nonce_lifetime.count()).add(options_.nonces_max);
  command.add(batch.messages.size()).add(nonces_count);
  for (const BusMessage& message : batch.messages) {
    add_nonce(command, message.nonce);
    is_streams ? add_appended(command, message) : add_published(command, message);
  }
}

std::expected<PublishBatchResult, std::string> PublishScript::parse(const RedisReply& reply,
                                                                    std::size_t messages_count) const {
  // done | repeated, epoch, messages, start;  overtaken, epoch;  refused, epoch, error;  broken, error
  const std::vector<RedisReply>& parts = reply.elements;
  if (parts.size() < 2 || !is_text(parts[0]) || !is_text(parts[1]))
    return std::unexpected(std::string(no_answer));
  const std::string_view word = parts[0].text;
  if (word == "broken") return std::unexpected("the publish script failed: " + parts[1].text);

  PublishBatchResult result{
      .epoch = parts[1].text, .epoch_start = 0, .is_repeated = word == "repeated", .messages = {}};
  if (word == "overtaken") return result;
  if (word == "refused" && parts.size() == 3 && is_text(parts[2])) {
    result.messages.assign(messages_count, {.kind = Kind::refused, .error = parts[2].text});
    return result;
  }
  if ((word != "done" && word != "repeated") || parts.size() != 4) {
    return std::unexpected(std::string(no_answer));
  }
  if (parts[2].elements.size() != messages_count || !parse_messages(parts[2], result)) {
    return std::unexpected(std::string(no_answer));
  }
  const auto start = parse_number(parts[3]);
  if (!start) return std::unexpected(std::string(no_answer));
  result.epoch_start = *start;
  return result;
}

}  // namespace relay
