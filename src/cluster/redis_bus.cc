#include "cluster/redis_bus.h"

#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/bus_engine.h"

namespace relay {

// One worker's door to the bus.
class RedisBus::Port final : public ClusterBus {
 public:
  Port(RedisBus& bus, unsigned worker) : bus_(bus), worker_(worker) {}

  void publish(NewEvent event) override { pending_.push_back(std::move(event)); }

  void flush() override {
    if (pending_.empty()) return;
    bus_.engine_->publish(std::exchange(pending_, {}));
  }

  [[nodiscard]] bool is_ready() const noexcept override { return bus_.is_ready(); }

  [[nodiscard]] bool sync(std::move_only_function<void()> done) override {
    bus_.post([this, call = std::move(done)]() mutable {
      bus_.engine_->sync([this, then = std::move(call)]() mutable {
        bus_.observer_->run_on_worker(worker_, std::move(then));
      });
    });
    return false;
  }

  [[nodiscard]] bool free_socket(std::string_view namespace_name, std::string_view socket_id,
                                 std::move_only_function<void()> done) override {
    if (bus_.probe_.nodes.value() == 0) return true;
    bus_.ask_all(std::string(close_question), std::string(socket_id) + ' ' + std::string(namespace_name),
                 free_socket_timeout, [this, call = std::move(done)](const ClusterAnswers&) mutable {
                   bus_.observer_->run_on_worker(worker_, std::move(call));
                 });
    return false;
  }

 private:
  static constexpr auto free_socket_timeout = std::chrono::milliseconds(1'000);

  RedisBus& bus_;
  const unsigned worker_;
  std::vector<NewEvent> pending_;
};

RedisBus::RedisBus(RedisBusOptions options, const Clock& clock, Log& log)
    : options_(std::move(options)), clock_(clock), log_(log) {}

RedisBus::~RedisBus() {
  stop();
}

std::unique_ptr<ClusterBus> RedisBus::make_port(unsigned worker) {
  return std::make_unique<Port>(*this, worker);
}

void RedisBus::start(EventLog& events, BusObserver& observer) {
  observer_ = &observer;
  engine_ = std::make_unique<BusEngine>(options_, clock_, log_, probe_, events, observer);
  engine_->start();
}

void RedisBus::drain() {
  const SteadyTime end = clock_.steady() + options_.timeout;
  while (clock_.steady() < end) {
    std::promise<bool> is_idle;
    auto answer = is_idle.get_future();
    post([this, &is_idle] { is_idle.set_value(engine_->is_idle()); });
    if (answer.get()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void RedisBus::stop() {
  if (engine_ != nullptr) engine_->stop();
}

void RedisBus::enter(std::string room, std::string account) {
  engine_->presence()->enter(std::move(room), std::move(account));
}

void RedisBus::leave(std::string room, std::string account) {
  engine_->presence()->leave(std::move(room), std::move(account));
}

void RedisBus::post(std::move_only_function<void()> task) {
  engine_->post(std::move(task));
}

void RedisBus::ask_all(std::string kind, std::string question, std::chrono::milliseconds timeout,
                       std::move_only_function<void(ClusterAnswers)> done) {
  post([this, kind = std::move(kind), question = std::move(question), timeout,
        call = std::move(done)]() mutable {
    std::map<std::string, std::string> names;
    for (const NodeNews& node : engine_->control().nodes().alive()) names[node.uid] = node.name;
    engine_->control().ask_all(
        kind, question, timeout,
        [names = std::move(names), tell = std::move(call)](SurveyResult result) mutable {
          ClusterAnswers answers;
          for (SurveyAnswer& answer : result.answers) {
            answers.answers.push_back({names[answer.uid], std::move(answer.bytes)});
          }
          for (const std::string& uid : result.missing) answers.missing.push_back(names[uid]);
          tell(std::move(answers));
        });
  });
}

}  // namespace relay
