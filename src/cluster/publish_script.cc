#include "cluster/publish_script.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "cluster/bus_event.h"
#include "cluster/msgpack_tree.h"
#include "cluster/publish_script_text.h"
#include "cluster/script_hash.h"

namespace relay {
namespace {

using Kind = PublishedMessage::Kind;

constexpr std::size_t number_bytes = 8;
constexpr std::string_view no_answer = "answered with what the publish script does not say";
// A stream's fields become arguments of one call in Lua, which takes a few thousand.
constexpr std::size_t fields_max = 64;

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// Of MessagePack: what stands in an array, or nothing that could be mistaken for it.
class Parts {
 public:
  Parts(const MsgpackTree& tree, const MsgpackNode& node) {
    if (!node.is(MsgpackKind::array)) return;
    tree.each_part(node, [this](const MsgpackNode& part) {
      parts_.push_back(&part);
      return true;
    });
  }
  [[nodiscard]] std::size_t size() const noexcept { return parts_.size(); }
  [[nodiscard]] const MsgpackNode& operator[](std::size_t index) const { return *parts_[index]; }
  [[nodiscard]] bool is_text(std::size_t index) const { return is(index, MsgpackKind::string); }
  [[nodiscard]] bool is_number(std::size_t index) const { return is(index, MsgpackKind::unsigned_integer); }
  [[nodiscard]] std::string text(std::size_t index) const { return std::string(parts_[index]->bytes); }

 private:
  [[nodiscard]] bool is(std::size_t index, MsgpackKind kind) const {
    return index < parts_.size() && parts_[index]->is(kind);
  }

  std::vector<const MsgpackNode*> parts_;
};

// seen, epoch, number, stream id, note | refused, error | conflict | full
std::optional<PublishedMessage> parse_verdict(const Parts& parts) {
  if (!parts.is_text(0)) return std::nullopt;
  const std::string_view word = parts[0].bytes;
  if (word == "conflict") return PublishedMessage{.kind = Kind::conflict};
  if (word == "full") return PublishedMessage{.kind = Kind::full};
  if (word == "refused" && parts.is_text(1)) {
    return PublishedMessage{.kind = Kind::refused, .error = parts.text(1)};
  }
  if (word != "seen" || !parts.is_text(1) || !parts.is_number(2) || !parts.is_text(3) || !parts.is_text(4)) {
    return std::nullopt;
  }
  return PublishedMessage{.kind = Kind::seen,
                          .epoch = parts.text(1),
                          .number = parts[2].bits,
                          .stream_id = parts.text(3),
                          .note = parts.text(4)};
}

// A message's index, from 1, and its verdict, in turn. False if they are none.
bool parse_exceptions(const MsgpackTree& tree, const MsgpackNode& node,
                      std::vector<PublishedMessage>& messages) {
  const Parts parts(tree, node);
  if (!node.is(MsgpackKind::array) || parts.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < parts.size(); i += 2) {
    if (!parts.is_number(i) || parts[i].bits == 0 || parts[i].bits > messages.size()) return false;
    auto verdict = parse_verdict(Parts(tree, parts[i + 1]));
    if (!verdict) return false;
    messages[parts[i].bits - 1] = std::move(*verdict);
  }
  return true;
}

// epoch, start, the number before the first, exceptions
std::optional<PublishBatchResult> parse_told(std::string_view told, std::size_t messages_count) {
  const auto tree = MsgpackTree::read(told, BusLimits());
  if (!tree) return std::nullopt;
  const Parts parts(*tree, tree->root());
  if (parts.size() != 4 || !parts.is_text(0) || !parts.is_number(1) || !parts.is_number(2)) {
    return std::nullopt;
  }
  PublishBatchResult result{.epoch = parts.text(0), .epoch_start = parts[1].bits, .messages = {}};
  result.messages.assign(messages_count, {.kind = Kind::published});
  if (!parse_exceptions(*tree, parts[3], result.messages)) return std::nullopt;
  std::uint64_t number = parts[2].bits;
  for (PublishedMessage& message : result.messages) {
    if (message.kind != Kind::published) continue;
    message.epoch = result.epoch;
    message.number = ++number;
  }
  return result;
}

std::size_t count_nonces(std::span<const BusMessage> messages) {
  const auto count =
      std::ranges::count_if(messages, [](const BusMessage& message) { return !message.nonce.text.empty(); });
  return static_cast<std::size_t>(count);
}

// At most, so that a command grows in one step.
constexpr std::size_t arguments_of_batch = 24;
constexpr std::size_t arguments_of_message = 20;

std::size_t bytes_of(std::span<const BusMessage> messages) {
  std::size_t bytes = 0;
  for (const BusMessage& message : messages) {
    bytes += message.channel.size() + message.payload.size();
    for (const StreamField& field : message.fields) bytes += field.name.size() + field.value.size();
  }
  return bytes;
}

void add_published(RedisCommand& command, const BusMessage& message) {
  RELAY_CHECK(message.payload.size() >= number_bytes);
  const std::string_view payload = message.payload;
  command.add(message.channel).add(payload.substr(0, payload.size() - number_bytes));
}

void add_appended(RedisCommand& command, const BusMessage& message) {
  for (const StreamField& field : message.fields) command.add(field.name).add(field.value);
}

}  // namespace

PublishScript::Text::Text(BusAdapter adapter, bool with_nonces)
    : whole(publish_script_text(adapter, with_nonces)), hash(script_hash(whole)) {}

PublishScript::PublishScript(PublishScriptOptions options)
    : options_(std::move(options)), plain_(options_.adapter, false), with_nonces_(options_.adapter, true) {
  RELAY_CHECK(options_.nonce_lifetime > std::chrono::milliseconds(0));
}

RedisCommand PublishScript::by_hash(const PublishBatch& batch) const {
  const std::size_t nonces_count = count_nonces(batch.messages);
  RedisCommand command{"EVALSHA", nonces_count == 0 ? plain_.hash : with_nonces_.hash};
  add_arguments(command, batch, nonces_count);
  return command;
}

RedisCommand PublishScript::whole(const PublishBatch& batch) const {
  const std::size_t nonces_count = count_nonces(batch.messages);
  RedisCommand command{"EVAL", nonces_count == 0 ? plain_.whole : with_nonces_.whole};
  add_arguments(command, batch, nonces_count);
  return command;
}

void PublishScript::add_arguments(RedisCommand& command, const PublishBatch& batch,
                                  std::size_t nonces_count) const {
  RELAY_CHECK(batch.messages.size() <= messages_max && !batch.epoch_candidate.empty());
  const bool is_streams = options_.adapter == BusAdapter::streams;
  const bool has_nonces = nonces_count > 0;
  const std::string prefix = options_.key_prefix + "#relay:";

  command.reserve(arguments_of_batch + arguments_of_message * batch.messages.size(),
                  bytes_of(batch.messages));
  command.add(2 + (is_streams ? std::size_t{1} : 0) + (has_nonces ? 1 + nonces_count : 0));
  command.add(prefix + "state").add(prefix + "batch:" + std::string(batch.uid));
  if (is_streams) command.add(options_.key_prefix);
  if (has_nonces) command.add(prefix + "nonces");
  for (const BusMessage& message : batch.messages) {
    if (!message.nonce.text.empty()) command.add(prefix + "nonce:" + message.nonce.text);
  }

  const std::size_t fields_count = batch.messages.empty() ? 0 : batch.messages.front().fields.size();
  RELAY_CHECK(fields_count <= fields_max);
  command.add(batch.number).add(batch.epoch_candidate);
  // A stream numbers its entries itself, whatever server it is on.
  command.add(is_streams ? std::string_view() : batch.run).add(batch.broken_epoch).add(batch.numbers_above);
  command.add(batch.messages.size()).add(is_streams ? 2 * fields_count : 2).add(options_.stream_length_max);
  if (has_nonces) {
    command.add(options_.nonce_lifetime.count()).add(options_.nonces_max).add(nonces_count);
  }
  for (const BusMessage& message : batch.messages) {
    RELAY_CHECK(message.fields.size() == fields_count);
    RELAY_CHECK(message.nonce.text.empty() == message.nonce.fingerprint.empty());
    if (has_nonces) command.add(message.nonce.fingerprint).add(message.nonce.note);
    is_streams ? add_appended(command, message) : add_published(command, message);
  }
}

// done | repeated, and what parse_told() reads;  overtaken, epoch;  refused, epoch, error;  broken, error
std::expected<PublishBatchResult, std::string> PublishScript::parse(const RedisReply& reply,
                                                                    std::size_t messages_count) {
  if (reply.kind != RedisReply::Kind::bulk) return std::unexpected(std::string(no_answer));
  std::string_view rest = reply.text;
  const std::string_view word = take_word(rest);
  if (word == "broken") return std::unexpected("the publish script failed: " + std::string(rest));
  if (word == "overtaken") return PublishBatchResult{.epoch = std::string(rest), .messages = {}};
  if (word == "refused") {
    PublishBatchResult result{.epoch = std::string(take_word(rest)), .messages = {}};
    result.messages.assign(messages_count, {.kind = Kind::refused, .error = std::string(rest)});
    return result;
  }
  if (word == "done" || word == "repeated") {
    if (auto result = parse_told(rest, messages_count)) {
      result->is_repeated = word == "repeated";
      return std::move(*result);
    }
  }
  return std::unexpected(std::string(no_answer));
}

}  // namespace relay
