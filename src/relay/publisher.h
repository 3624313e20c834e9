#pragma once
// A publish from one end to the other: nonce, encoding, bus, log, and the answer when all of it is certain.
//
//     publish() --> nonce begun --> encoded --> LocalHub::publish() ... the bus and the log ... --> callback
//                      |                                |
//                      '- duplicate, conflict, wait     '- refused, or no answer within the bus timeout
//
// Where a bus remembers the nonces for all nodes, it is the bus that says duplicate or conflict.
//
// One for each worker. Threading: bound to it, but for the nonces, which all share.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/slot_map.h"
#include "hub/local_hub.h"
#include "relay/event_encoder.h"
#include "relay/nonce_store.h"
#include "relay/publish_request.h"
#include "relay/relay_probe.h"

namespace relay {

enum class PublishVerdict : std::uint8_t {
  accepted,
  duplicate,  // accepted before, by a request with the same nonce
  conflict,   // the nonce was used for something else
  not_done,   // certainly not fanned out: overload, a full nonce store, a bus that said no
  unknown,    // the bus did not answer in time
};

struct PublishResult {
  PublishVerdict verdict;
  std::string id = {};                         // accepted, duplicate
  std::string issued_at = {};                  // accepted, duplicate
  std::size_t recipients = 0;                  // accepted
  std::optional<ReceiptReport> receipts = {};  // accepted, and they were waited for
  bool overloaded = false;                     // not_done because a worker lags
};

using PublishCallback = std::move_only_function<void(const PublishResult&)>;

struct PublisherOptions {
  EventFormat format;
  std::chrono::milliseconds bus_timeout{2'000};
  bool bus_remembers_nonces = false;
  unsigned log_sample_over =
      0;  // `event published` lines a second on this worker above which they are sampled; 0: all
};

class Publisher {
 public:
  // All must outlive the publisher. `post` runs a task on another worker, with that worker's publisher.
  Publisher(LocalHub& hub, NonceStore& nonces, Log& log, PublisherOptions options,
            std::function<void(unsigned worker, std::move_only_function<void(Publisher&)>)> post);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // The callback comes once: perhaps before this returns, perhaps after the publisher's user is gone, so it
  // holds handles and no references. With a receipt timeout an accepted publish is answered when all its
  // recipients have confirmed, or so long after now. `request_id` is for the log.
  void publish(const PublishRequest& request, SteadyTime received, std::string_view request_id,
               std::optional<std::chrono::milliseconds> receipt_timeout, PublishCallback callback);

  // A client's event to the others in a room. `callback` may be empty.
  void publish_client_event(std::string_view room, const EventContent& content,
                            std::string_view except_socket_id, SteadyTime received, PublishCallback callback);

  // From the hub.
  void on_outcome(const PublishOutcome& outcome);

  [[nodiscard]] Log& log() noexcept { return log_; }
  [[nodiscard]] RelayProbe& probe() noexcept { return probe_; }
  [[nodiscard]] const RelayProbe& probe() const noexcept { return probe_; }

 private:
  struct Pending;

  Pending& add_pending(PublishCallback callback, SteadyTime received);
  // False when the publish is settled already, or waits for its twin.
  [[nodiscard]] bool begin_nonce(Pending& pending, const PublishRequest& request);
  void hand_to_hub(Pending& pending, NewEvent event);
  void on_accepted(Pending& pending, const PublishOutcome& outcome);
  void give_up(Pending& pending, const PublishResult& result);
  void on_bus_timeout(Pending& pending);
  void settle(Pending& pending, const PublishResult& result);
  void answer_waiters(const std::vector<NonceWaiter>& waiters, const PublishResult& result);
  void on_twin_settled(Handle waiter, const PublishResult& result);
  void log_accepted(const Pending& pending, const PublishResult& result, double latency_ms);
  [[nodiscard]] bool sample_log_line(std::uint64_t& rate);

  LocalHub& hub_;
  NonceStore& nonces_;
  Log& log_;
  const PublisherOptions options_;
  const std::function<void(unsigned, std::move_only_function<void(Publisher&)>)> post_;
  RelayProbe probe_;
  SlotMap<Pending> pending_;
  SteadyTime sample_second_;
  unsigned lines_this_second_ = 0;
};

}  // namespace relay
