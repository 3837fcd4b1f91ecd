// A production engine over a broker of the test's own, on a virtual clock, with a seeded random source, stepped by the test.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/handler.hpp>

#include <gmock/gmock.h>

#include "base/virtual_clock.hpp"
#include "emit/emitter_core.hpp"
#include "listen/engine.hpp"
#include "support/partitioned_broker.hpp"
#include "support/scripted_broker.hpp"

namespace dispytch::listen {

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  static constexpr auto partition_by = "id";
  std::string id = {};
};
DISPYTCH_EVENT(Order, id)

struct Shipped {
  static constexpr auto topic = "shipped";
  static constexpr auto type = "shipped";
  std::string id = {};
};
DISPYTCH_EVENT(Shipped, id)

struct Busy : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline std::string order_payload(const std::string& id) {
  return R"({"id":"e","type":"order","body":{"id":")" + id + R"("},"timestamp":1753000000000})";
}
inline testing::Logged order(const std::string& id, std::optional<std::string> key = std::nullopt) {
  return {.topic = "orders", .key = std::move(key), .payload = order_payload(id)};
}

class SeededRandom final : public Random {
 public:
  double uniform() noexcept override { return std::uniform_real_distribution<double>{}(engine_); }

 private:
  std::minstd_rand engine_{4};
};

/// Workers that a test lets work, one unit at a time, in the order that it wants.
class HandWorkers final : public Executor {
 public:
  HandWorkers(std::size_t workers, std::deque<WorkUnit*>& waiting) : workers_{workers}, waiting_{waiting} {}
  ~HandWorkers() override {
    while (!waiting_.empty()) run(0);
  }
  std::size_t workers() const noexcept override { return workers_; }
  void submit(WorkUnit& unit) override { waiting_.push_back(&unit); }

  void run(std::size_t index) {
    WorkUnit* const unit = waiting_.at(index);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
    codec::Decoder decoder;  // of the thread that calls
    unit->run(decoder);
  }

 private:
  const std::size_t workers_;
  std::deque<WorkUnit*>& waiting_;
};

/// Dead letters that a test confirms or refuses.
struct DeadLetterBox {
  struct Letter {
    OutgoingMessage message;
    DeadLetters::Done done;
  };
  bool confirm_at_once = true;
  std::deque<Letter> letters = {};

  /// Answers the oldest that has no answer yet.
  void answer(const Result<Receipt>& result) {
    for (Letter& letter : letters) {
      if (!letter.done) continue;
      std::exchange(letter.done, nullptr)(result);
      return;
    }
    ADD_FAILURE() << "no dead letter waits for an answer";
  }

  std::unique_ptr<DeadLetters> make() {
    struct ToBox final : DeadLetters {
      explicit ToBox(DeadLetterBox& of) : box{of} {}
      std::string_view topic_template() const noexcept override { return "{topic}.dlq"; }
      void send(const OutgoingMessage& message, Done done) override {
        box.letters.push_back({message, std::move(done)});
        if (box.confirm_at_once) std::exchange(box.letters.back().done, nullptr)(Receipt{});
      }
      DeadLetterBox& box;
    };
    return std::make_unique<ToBox>(*this);
  }
};

struct RigOptions {
  policy::DeliveryOptions delivery = {};
  std::size_t workers = 0;  ///< 0: handlers run on the stepping thread
  WireForm wire = {};
  bool dead_letters = false;
  bool emitter = false;
  std::uint32_t batch_messages = 1024;
  std::chrono::milliseconds drain{25'000};
  std::string skip_command = {};
  bool quiet = true;
  std::vector<std::int32_t> partitions = {0, 1};  ///< assigned when it is opened
  std::uint64_t capabilities =
      DISPYTCH_CAN_ACK_UP_TO | DISPYTCH_CAN_GROUPS | DISPYTCH_CAN_PAUSE | DISPYTCH_CAN_ORDER_BY_KEY | DISPYTCH_CAN_HEADERS;
};

class Rig {
 public:
  explicit Rig(HandlerGroup group, RigOptions options = {})
      : broker{options.capabilities}, group_{std::move(group)}, options_{std::move(options)} {}
  ~Rig() {
    for (auto& letter : dead_letters.letters) letter.done = nullptr;
  }

  /// Made when it is first asked for: what handlers need is provided before that.
  Engine& engine() {
    if (!engine_) open();
    return *engine_;
  }

  Result<Engine::Step> step() { return engine().step(std::chrono::milliseconds{0}, {}); }
  /// Steps until nothing is left to do now.
  void settle() {
    for (int i = 0; i < 100'000; ++i) {
      const Result<Engine::Step> stepped = step();
      ASSERT_TRUE(stepped) << stepped.error().text;
      if (*stepped == Engine::Step::idle) return;
    }
    FAIL() << "it never comes to rest";
  }
  void advance(std::chrono::nanoseconds by) {
    clock.advance(by);
    settle();
  }
  /// Moves the clock to each attempt that is due, until none is.
  void settle_all() {
    settle();
    for (int i = 0; i < 100'000; ++i) {
      const auto due = engine().next_attempt_due();
      if (!due) return;
      advance(std::max(*due - clock.monotonic(), std::chrono::nanoseconds{0}));
      if (::testing::Test::HasFatalFailure()) return;
    }
    FAIL() << "something is due for ever";
  }

  /// Lets a worker work through a unit, which has its answer at the next step.
  void work(std::size_t index = 0) { workers_->run(index); }
  std::size_t units() const { return units_.size(); }
  /// Steps and works until nothing is left to do now.
  void settle_with_workers() {
    settle();
    while (!units_.empty()) {
      work();
      settle();
    }
  }

  /// Has the broker of Context::emit confirm or refuse what was emitted.
  void answer_emits(dispytch_status code = DISPYTCH_OK, std::uint32_t flags = 0) {
    for (; answered_ < emits.sent.size(); ++answered_) emits.reports.push_back(emits.report(emits.sent[answered_].token, code, flags));
    serve_emits();
  }
  /// Has the emitter take the reports that are there.
  void serve_emits() { (void)emitter_->flush(std::chrono::milliseconds{0}); }

  /// As where a process forgets to drain.
  void destroy_engine() { engine_.reset(); }

  const Counters& counters() { return engine().counters(); }

 private:
  void open() {
    EngineOptions made{.name = "billing",
                       .group = "bill",
                       .drain = options_.drain,
                       .delivery = options_.delivery,
                       .batch_messages = options_.batch_messages,
                       .skip_command = options_.skip_command,
                       .quiet = options_.quiet,
                       .clock = &clock,
                       .random = &random,
                       .wait = [this](std::chrono::milliseconds pause, const std::stop_token&) { clock.advance(pause); },
                       .failed = [this](const Failure& failure) { failures.push_back(failure); }};
    if (options_.workers > 0) {
      auto workers = std::make_unique<HandWorkers>(options_.workers, units_);
      workers_ = workers.get();
      made.executor = std::move(workers);
    }
    if (options_.dead_letters) made.dead_letters = dead_letters.make();
    if (options_.emitter) {
      emits.confirm_at_once = false;
      emitter_ =
          detail::EmitterCore::make(testing::scripted_producer(emits), {.name = "out", .pumping = emit::Pumping::inline_, .clock = &clock});
      made.emitter = emitter_;
    }
    route::Router router = route::wire({group_}, providers, {.standard = options_.wire},
                                       {.policy = options_.delivery.policy,
                                        .dead_letters = options_.dead_letters,
                                        .in_place_max = options_.delivery.in_place_max,
                                        .can_requeue = policy::can_requeue(options_.capabilities)});
    if (!options_.partitions.empty()) broker.assign(options_.partitions);
    engine_ = std::make_unique<Engine>(broker.open(), options_.capabilities, std::move(router), std::move(made));
  }

 public:
  testing::PartitionedBroker broker;
  testing::Script emits;  ///< the broker behind Context::emit
  Providers providers;
  VirtualClock clock;
  SeededRandom random;
  DeadLetterBox dead_letters;
  std::vector<Failure> failures;

 private:
  HandlerGroup group_;
  RigOptions options_;
  std::deque<WorkUnit*> units_;
  HandWorkers* workers_ = nullptr;
  std::shared_ptr<detail::EmitterCore> emitter_;
  std::size_t answered_ = 0;
  std::unique_ptr<Engine> engine_;
};

/// What a piece of code writes to the log.
template <class F>
std::string logged(F code) {
  ::testing::internal::CaptureStderr();
  code();
  return ::testing::internal::GetCapturedStderr();
}

}  // namespace dispytch::listen
