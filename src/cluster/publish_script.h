#pragma once
// The one script by which a relay publishes: it gives the numbers, remembers the nonces and hands the
// messages to the bus, all or nothing for each message.
//
// A batch may be run any number of times, also late, by a server that had not got round to it when its caller
// gave up: it takes effect once. What it did is kept beside the number of the node's last batch, and told
// again.
//
// Numbers of one epoch have no gap. An epoch ends when numbers can no longer be trusted: the server is
// another one, or has forgotten them. A new one begins with a number above all before it, taken from the
// server's clock.
//
// A message is refused only when it certainly was not handed on, and its nonce is not used up then. A refusal
// of the whole batch leaves no trace, so it speaks of that run alone: another run of the same batch that is
// still under way may yet take effect, until a later batch of the node has overtaken it.
//
// An answer of Redis that is an error means that nothing was done: no script, no right to one of its keys.
//
// Needs a server that evicts no keys (maxmemory-policy noeviction), else nonces are forgotten early. All keys
// begin with the prefix and are passed as KEYS. Not for Redis Cluster, where they lie on several nodes.
// Rights: EVALSHA, EVAL, GET, SET, DEL, HGET, HMGET, HSET, HGETALL, HDEL, PTTL, PEXPIRE, TIME, and PUBLISH or
// XADD, XDEL.
//
// A reader that waits for the stream may be woken with no entries: one was appended and taken back.
//
// Threading: immutable, any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/streams_codec.h"
#include "redis/redis_command.h"
#include "redis/redis_reply.h"

namespace relay {

enum class BusAdapter : std::uint8_t { pubsub, streams };

struct PublishScriptOptions {
  BusAdapter adapter = BusAdapter::pubsub;
  std::string key_prefix = "socket.io";  // with streams, the name of the stream as well
  std::size_t stream_length_max = 10'000;
  std::chrono::milliseconds nonce_lifetime{3'600'000};
  std::size_t nonces_max = 500'000;
};

// What a nonce is remembered with.
struct BusNonce {
  std::string text;         // empty: the message has none
  std::string fingerprint;  // not empty, of what was asked for: the same nonce with another one is a conflict
  std::string note;         // told to whoever comes with the nonce again
};

struct BusMessage {
  std::string channel = {};  // pubsub
  std::string payload = {};  // pubsub: its last 8 bytes (it has them) become the number, big-endian
  // streams: a field `p`, the number, decimal, is put before them. All messages of a batch have as many.
  std::vector<StreamField> fields = {};
  BusNonce nonce = {};
};

struct PublishBatch {
  std::string_view uid;              // of this node
  std::uint64_t number = 0;          // of the node's batches, from 1, each above the one before
  std::string_view epoch_candidate;  // the name of a new epoch, should one begin: 6 characters, random
  // pubsub: of the server's life, `run_id` of INFO. The epoch ends with it. Empty: the epoch ends only with
  // the server's memory.
  std::string_view run;
  std::string_view broken_epoch = {};  // ends, if it is still the current one; empty: none
  std::uint64_t numbers_above = 0;     // a new epoch's numbers are above this one; all are below 2^53
  std::span<const BusMessage> messages;
};

struct PublishedMessage {
  enum class Kind : std::uint8_t {
    published,
    seen,      // the nonce is known: what it was published as, then
    conflict,  // the nonce is known, with another fingerprint
    full,      // nonces_max are remembered
    refused,   // by Redis
  };
  Kind kind = Kind::refused;
  std::string epoch = {};      // published, seen
  std::uint64_t number = 0;    // published, seen
  std::string stream_id = {};  // seen; with streams
  std::string note = {};       // seen
  std::string error = {};      // refused: the words of Redis, which differ with its version
};

struct PublishBatchResult {
  std::string epoch;
  std::uint64_t epoch_start = 0;  // the numbers of the epoch are above this one; 0: not told
  bool is_repeated = false;       // it had been run before
  // One for each message; empty for a batch that a later one of this node has overtaken: nobody knows any
  // more.
  std::vector<PublishedMessage> messages;
};

class PublishScript {
 public:
  static constexpr std::size_t messages_max = 256;

  explicit PublishScript(PublishScriptOptions options);

  // By its hash; Redis answers NOSCRIPT if it does not know it. Then: whole.
  [[nodiscard]] RedisCommand by_hash(const PublishBatch& batch) const;
  [[nodiscard]] RedisCommand whole(const PublishBatch& batch) const;

  // Of an answer that is no error, to a batch of so many messages. The error: a few words for a log.
  [[nodiscard]] static std::expected<PublishBatchResult, std::string> parse(const RedisReply& reply,
                                                                            std::size_t messages_count);

 private:
  struct Text {
    Text(BusAdapter adapter, bool with_nonces);

    std::string whole;
    std::string hash;
  };

  void add_arguments(RedisCommand& command, const PublishBatch& batch, std::size_t nonces_count) const;

  const PublishScriptOptions options_;
  const Text plain_;
  const Text with_nonces_;
};

}  // namespace relay
