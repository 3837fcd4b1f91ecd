// The owners of a listener's state without the engine: over a broker of the test's own, on a virtual clock.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/virtual_clock.hpp"
#include "listen/batching.hpp"
#include "listen/endings.hpp"
#include "listen/inline_dispatcher.hpp"
#include "listen/outcomes.hpp"
#include "listen/pool_dispatcher.hpp"
#include "listen/revocations.hpp"
#include "listen/settling.hpp"
#include "unit/listen/rig.hpp"

namespace dispytch::listen {

struct PartsOptions {
  policy::DeliveryOptions delivery = {.ordering = Ordering::key};
  bool dead_letters = false;
  std::size_t workers = 0;  ///< 0: no pool
  Credit most = {.messages = 4, .bytes = 1024};
};

class Parts {
 public:
  explicit Parts(HandlerGroup group, PartsOptions options = {})
      : group_{std::move(group)},
        router{route::wire({group_}, {}, {}, {.policy = options.delivery.policy, .dead_letters = options.dead_letters})},
        setup{make_setup(options)},
        in_flight{*consumer,
                  counters,
                  {.ordering = options.delivery.ordering,
                   .bounds = {.limits = options.delivery.limits, .can_withhold = true, .most = options.most, .log_source = "test"}}},
        endings{{setup, *consumer, in_flight, deadlines, halt, counters, inbox, options.dead_letters ? box.make() : nullptr,
                 [this](const Failure& failure) { failures.push_back(failure); }}} {
    if (options.workers > 0) {
      pool = std::make_unique<PoolDispatcher>(PoolDispatcher::Parts{setup, halt, in_flight, batching, outcomes, suspects, runner, inbox,
                                                                    std::make_unique<HandWorkers>(options.workers, units)});
    }
  }
  ~Parts() {
    for (auto& letter : box.letters) letter.done = nullptr;
    pool.reset();
    inbox->close();
    consumer.reset();
  }

  /// Lets a message arrive in a batch of its own, of the source with that number.
  inflight::Item& arrive(const std::string& key, std::uint32_t source_id = 1) {
    const std::string& kept = texts_.emplace_back(key);
    const std::string& payload = texts_.emplace_back(order_payload(key));
    dispytch_message& raw = raws_.emplace_back();
    raw.topic = bytes(kTopic);
    raw.key = bytes(kept);
    raw.payload = bytes(payload);
    raw.token = ++tokens_;
    raw.source = source_id;
    raw.offset = static_cast<std::int64_t>(tokens_);
    raw.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET;
    settle::Source* source = in_flight.ledger().find(source_id);
    if (source == nullptr) source = &in_flight.ledger().add(source_id);
    inflight::SharedBatch& batch = in_flight.batches().hold({});
    inflight::Item& item = in_flight.make(raw, batch, *source, clock.monotonic());
    item.routes = &router.routes(kTopic);
    if (item.routes->batches) batching.choose_handler(item);
    lane::Lane& lane = in_flight.enter(item, in_flight.lanes().place(kTopic, 0), kept, true);
    if (item.routes->batches) batching.arrived(item, lane);
    in_flight.batches().release(batch);
    return item;
  }
  lane::Lane& lane(const inflight::Item& item) { return in_flight.lanes().of(item); }
  /// Gives a message that has just arrived to a worker.
  lane::Lane& begin(inflight::Item& item) {
    lane::Lane& lane = *in_flight.lanes().next_ready();
    in_flight.lanes().begin(item);
    return lane;
  }
  /// Has the worker of a message return with a failure.
  void fail(inflight::Item& item, inflight::HandlingFailure failure = {.reason = "why"}) {
    item.verdict = inflight::Verdict::failed;
    item.failure = std::make_unique<inflight::HandlingFailure>(std::move(failure));
    outcomes.returned(item);
  }
  void tell_broker() { settling.settle_or_log(); }

 private:
  static constexpr const char* kTopic = "orders";
  static dispytch_bytes bytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
  Setup make_setup(const PartsOptions& options) {
    return {.name = "billing",
            .group = "bill",
            .log_source = "test",
            .delivery = options.delivery,
            .policy = policy::resolve(options.delivery.policy, options.dead_letters),
            .has_dead_letters = options.dead_letters,
            .quiet = true,
            .clock = &clock,
            .random = &random};
  }

  const HandlerGroup group_;
  std::deque<std::string> texts_;
  std::deque<dispytch_message> raws_;
  std::uint64_t tokens_ = 0;

 public:
  testing::Script broker;
  std::unique_ptr<border::ConsumerHandle> consumer = testing::scripted_consumer(broker);
  VirtualClock clock;
  SeededRandom random;
  DeadLetterBox box;
  std::vector<Failure> failures;
  std::deque<WorkUnit*> units;
  route::Router router;
  const Setup setup;
  Counters counters;
  Halt halt;
  Deadlines deadlines;
  Requeued requeued{16};
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>([] {});
  Runner runner{*consumer,
                {.log_source = "test",
                 .clock = &clock,
                 .inbox = inbox,
                 .answered = [this](inflight::Item& item, std::uint64_t serial, Attempt::Answer answer) {
                   outcomes.answered(item, serial, std::move(answer));
                 }}};
  InFlight in_flight;
  Settling settling{*consumer, in_flight.ledger(), halt, "test"};
  Endings endings;
  Suspects suspects{{setup, *consumer, in_flight, deadlines}};
  Outcomes outcomes{{setup, *consumer, in_flight, deadlines, requeued, counters, runner, endings, suspects}};
  Batching batching{router, {setup, *consumer, halt, in_flight, outcomes, runner}};
  InlineDispatcher here{{halt, in_flight, batching, outcomes, suspects, runner, inbox}};
  std::unique_ptr<PoolDispatcher> pool;
  Revocations revocations{{setup, halt, in_flight, batching, here, settling}};
};

/// A group whose one handler does nothing.
inline HandlerGroup idle_group() {
  HandlerGroup group;
  group.on<Order>([](const Order&) {});
  return group;
}

}  // namespace dispytch::listen
