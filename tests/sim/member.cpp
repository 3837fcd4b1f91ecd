#include "sim/member.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <utility>

#include "border/consumer_handle.hpp"
#include "border/producer_handle.hpp"
#include "emit/emitter_core.hpp"
#include "sim/events.hpp"
#include "sim/plugin.hpp"
#include "sim/trace.hpp"

namespace dispytch::sim {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

struct NotYet : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::uint64_t capabilities_of(const Settings& settings) {
  return (settings.ack_each ? DISPYTCH_CAN_ACK_EACH : DISPYTCH_CAN_ACK_UP_TO) | DISPYTCH_CAN_GROUPS | DISPYTCH_CAN_PARTITIONS |
         DISPYTCH_CAN_KEYS | DISPYTCH_CAN_HEADERS | (settings.can_pause ? DISPYTCH_CAN_PAUSE : 0) |
         (settings.requeues ? policy::kRequeueing : 0) | (settings.counts ? DISPYTCH_CAN_COUNT_ATTEMPTS : 0) |
         (settings.carries ? DISPYTCH_CAN_CARRY_ATTEMPTS : 0) | (settings.remembers ? DISPYTCH_CAN_BEGIN : 0);
}

}  // namespace

Member::Member(const World& world) : world_{world}, seat_{world.broker.join()}, group_{make_group()}, batches_{make_batches()} {
  const std::uint64_t capabilities = capabilities_of(world_.settings);
  const auto adapter = open_backend(world_.broker, seat_, world_.clock, capabilities);
  emitter_ =
      detail::EmitterCore::make(adapter->open_producer(R"({"config":{}})", {}, milliseconds{1}).value(),
                                {.name = "made", .timeout = milliseconds{100}, .pumping = emit::Pumping::inline_, .clock = &world_.clock});
  listen::EngineOptions options{.name = "simulated",
                                .group = "group",
                                .drain = world_.settings.drain,
                                .delivery = world_.settings.delivery,
                                .batch_messages = world_.settings.batch,
                                .quiet = true,
                                .clock = &world_.clock,
                                .random = &world_.dice,
                                .emitter = emitter_,
                                .wait = [this](milliseconds pause, const std::stop_token&) { world_.clock.advance(pause); }};
  if (world_.settings.dead_letters) options.dead_letters = listen::dead_letters_through(emitter_, "{topic}.dlq");
  if (world_.settings.workers > 0) {
    auto workers = std::make_unique<Workers>(world_.settings.workers);
    workers_ = workers.get();
    options.executor = std::move(workers);
  }
  route::Router router = route::wire({group_, batches_}, providers_, {},
                                     {.policy = world_.settings.delivery.policy,
                                      .dead_letters = world_.settings.dead_letters,
                                      .in_place_max = world_.settings.delivery.in_place_max,
                                      .unfinished = world_.settings.delivery.limits.messages,
                                      .can_requeue = policy::can_requeue(capabilities)});
  engine_ = std::make_unique<listen::Engine>(adapter->open_consumer(R"({"topics":[],"config":{}})", {}, milliseconds{1}).value(),
                                             capabilities, std::move(router), std::move(options));
}

Member::~Member() {
  if (!drained_) crash();
}

void Member::crash() {
  SIM_TRACE("a process dies");
  world_.broker.leave(seat_);
  engine_.reset();
  pending_.clear();
  forgotten_.clear();
  late_.clear();
  emitter_.reset();
  while (!seat_.sent.empty()) {  // what its client had still to send
    if (world_.dice.percent(50)) {
      world_.broker.answer_one(seat_, true);
    } else {
      seat_.sent.pop_front();
    }
  }
  drained_ = true;
}

// ---- handlers ----

HandlerGroup Member::make_group() {
  HandlerGroup group{{.policy = {.retry = {.only = exceptions<NotYet>}}}};
  group.on<Plain>([this](const Plain& event, const Message& message) { return work(event.number, message, false); });
  group.on<Pair>(
      [this](const Pair& event, const Message& message, Context context) {
        if (event.number % 2 == 0) context.emit(Made{.number = event.number});  // then its second is called after its answer
        return work(event.number, message, false);
      },
      {.name = "first"});
  group.on<Pair>([this](const Pair& event, const Message& message) { return work(event.number, message, true); }, {.name = "second"});
  group.on<Emitting>([this](const Emitting& event, const Message& message, Context context) {
    context.emit(Made{.number = event.number});
    return work(event.number, message, false);
  });
  group.on<Later>([this](const Later& event, const Message& message, Completion completion) {
    require_life();
    const Delivery delivery = delivery_of(message);
    const std::uint16_t generation = delivery.generation;
    Record& record = begin(event.number, delivery, false);
    std::optional<Outcome> bad = trouble(record);
    if (bad && record.task.trouble == Task::Trouble::throws) throw NotYet{"later"};
    if (bad && record.task.trouble == Task::Trouble::throws_for_good) throw std::logic_error{"never"};
    const nanoseconds until = world_.clock.monotonic() + *world_.settings.delivery.policy.timeout;
    running_.push_back({&record, generation, delivery.suspect});
    count_running(record, generation, true);
    if (world_.dice.percent(20)) {  // before the handler returns
      end(record, generation);
      if (!bad) handle(record, generation);
      completion(bad ? *bad : done());
      return;
    }
    const bool fails = bad && world_.dice.percent(50);
    pending_.push_back({std::move(completion), &record, generation, until, bad ? *bad : done(), fails});
  });
  return group;
}

// A message comes into a handler: is that right?
Record& Member::begin(int number, Delivery delivery, bool second) {
  const std::uint16_t generation = delivery.generation;
  Record& record = *world_.broker.records().at(static_cast<std::size_t>(number));
  SIM_TRACE("handler" << (second ? " 2" : "") << " begins " << name(record) << ", generation " << generation);
  ++record.tries;
  if (*world_.settings.delivery.policy.on_failure == OnFailure::drop && record.tries >= *world_.settings.delivery.policy.retry.attempts) {
    record.may_be_dropped = true;  // should this try fail, for whatever reason
  }
  const bool emits = record.task.kind == Task::Kind::emitting || record.task.kind == Task::Kind::pair ||
                     (record.task.kind == Task::Kind::together && world_.settings.together_emits);
  if (emits) may_leave(record);  // should its emits fail
  const Ordering ordering = world_.settings.delivery.ordering;
  expire();
  const bool gone = std::ranges::find(seat_.let_go, std::pair{record.partition, generation}) != seat_.let_go.end();
  if (gone) world_.verdict.break_promise(&Verdict::order_violations, name(record) + " was begun after its partition had been let go");
  if (delivery.suspect && !running_.empty()) {
    world_.verdict.break_promise(&Verdict::order_violations, name(record) + " may end the process, and was begun while " +
                                                                 name(*running_.front().record) + " was being handled");
  }
  for (const Running& running : running_) {
    if (running.suspect) {
      world_.verdict.break_promise(&Verdict::order_violations,
                                   name(record) + " was begun while " + name(*running.record) + " ran, which may end the process");
    }
    if (same_lane(*running.record, record, ordering)) {
      world_.verdict.break_promise(&Verdict::order_violations,
                                   name(record) + " was begun while " + name(*running.record) + " of its lane ran");
    }
  }
  const Task::Kind kind = record.task.kind;
  const bool alone = kind == Task::Kind::plain || kind == Task::Kind::later || (kind == Task::Kind::together && !emits);
  if (alone && record.handled && record.handled_by == &seat_ && record.handled_in == generation) {
    world_.verdict.break_promise(&Verdict::order_violations, name(record) + " was begun again though it had ended well here");
  }
  const std::deque<Record>& log = world_.broker.logs()[record.partition];
  for (std::size_t index = record.index; index-- > 0;) {
    if (log[index].settled && !world_.settings.ack_each) break;
    if (log[index].may_leave_its_order || record.may_leave_its_order) continue;
    const bool together = std::ranges::find(together_, &log[index]) != together_.end();  // they were begun at once, in their order
    if (same_lane(log[index], record, ordering) && !finished(log[index], world_.settings) && !together) {
      world_.verdict.break_promise(&Verdict::order_violations, name(record) + " was begun before " + name(log[index]) + " was finished");
    }
  }
  return record;
}

Member::Delivery Member::delivery_of(const Message& message) const {
  const dispytch_message& raw = message.raw();
  const bool again_and_again = raw.attempt >= world_.settings.delivery.suspect_from;
  return {.generation = Broker::generation_of(raw.token), .suspect = again_and_again || (raw.flags & DISPYTCH_MSG_BEGUN) != 0};
}

// The process is gone from here on: nobody hears any more of what still runs of it.
void Member::die(Record& record) {
  SIM_TRACE("the handler of " << name(record) << " ends the process");
  ++record.died;
  died_ = true;
  world_.broker.leave(seat_);
  throw NotYet{"gone"};
}

void Member::require_life() const {
  if (died_) throw NotYet{"gone"};
}

void Member::may_leave(Record& record) { record.may_leave_its_order |= world_.settings.requeues; }

// Whether this try ends badly, and how. What the policy then allows is noted.
std::optional<Outcome> Member::trouble(Record& record) {
  if (record.failed >= record.task.failures) return std::nullopt;
  ++record.failed;
  may_leave(record);
  const HandlingPolicy& policy = world_.settings.delivery.policy;
  const bool drops = *policy.on_failure == OnFailure::drop;
  const bool last = record.failed >= *policy.retry.attempts;
  switch (record.task.trouble) {
    case Task::Trouble::throws: record.may_be_dropped |= drops && last; return unavailable();  // the caller throws
    case Task::Trouble::throws_for_good: record.may_be_dropped |= drops; return unavailable();
    case Task::Trouble::retry_after: record.may_be_dropped |= drops && last; return retry_after(milliseconds{world_.dice.below(100)});
    case Task::Trouble::unavailable: return unavailable();
    case Task::Trouble::dead_letter:
      record.may_be_dropped |= drops && !world_.settings.dead_letters;
      return dead_letter("it is of no use here");
    case Task::Trouble::drop: record.may_be_dropped = true; return drop("it is of no use");
  }
  return std::nullopt;
}

Outcome Member::work(int number, const Message& message, bool second) {
  require_life();
  const Delivery delivery = delivery_of(message);
  const std::uint16_t generation = delivery.generation;
  Record& record = begin(number, delivery, second);
  if (record.died < record.task.deaths) die(record);
  if (record.task.slow) {
    running_.push_back({&record, generation, delivery.suspect});
    count_running(record, generation, true);
    be_slow();
    end(record, generation);
  }
  if (workers_ != nullptr && world_.dice.percent(20)) {  // elsewhere, meanwhile
    (void)complete_one();
    take_answers();
  }
  // In a pair it is the second that fails, after the first has done its part.
  if (record.task.kind != Task::Kind::pair || second) {
    if (std::optional<Outcome> bad = trouble(record)) {
      if (record.task.trouble == Task::Trouble::throws) throw NotYet{"not yet"};
      if (record.task.trouble == Task::Trouble::throws_for_good) throw std::logic_error{"never"};
      return *bad;
    }
  }
  SIM_TRACE("handler" << (second ? " 2" : "") << " has done " << name(record));
  if (second) {
    record.handled_by_second = true;
  } else {
    handle(record, generation);
  }
  return done();
}

HandlerGroup Member::make_batches() {
  HandlerGroup group{{.policy = {.retry = {.only = exceptions<NotYet>}}}};
  group.use([this](HandlerCall next) -> HandlerCall {
    return [this, next](const Call& call) {
      deliveries_.clear();
      for (const Message& message : call.messages()) {
        deliveries_.insert_or_assign({*message.partition(), *message.offset()}, delivery_of(message));
      }
      return next(call);
    };
  });
  const BatchOptions options{.max = world_.settings.together_max, .wait = world_.settings.together_wait};
  if (world_.settings.together_emits) {
    group.on_batch<Together>(
        [this](Batch<Together>& batch, Context context) {
          for (const BatchItem<Together>& item : batch) context.emit(Made{.number = item.body.number});
          return work_together(batch);
        },
        options);
  } else {
    group.on_batch<Together>([this](Batch<Together>& batch) { return work_together(batch); }, options);
  }
  return group;
}

// Each message of the batch has trouble of its own, or the batch as a whole.
Outcome Member::work_together(Batch<Together>& batch) {
  if (batch.size() > world_.settings.together_max) {
    world_.verdict.break_promise(&Verdict::unbounded, "a batch of " + std::to_string(batch.size()) + " messages");
  }
  require_life();
  std::vector<std::pair<Record*, std::uint16_t>> records;
  bool slow = false;
  together_.clear();
  for (const BatchItem<Together>& item : batch) {
    const Delivery delivery = deliveries_.at({item.partition, item.offset});
    const std::uint16_t generation = delivery.generation;
    Record& record = begin(item.body.number, delivery, false);
    if (delivery.suspect && batch.size() > 1) {
      world_.verdict.break_promise(&Verdict::order_violations, name(record) + " may end the process, and is one of a batch");
    }
    if (item.attempt > 1 && batch.size() > 1) {
      world_.verdict.break_promise(&Verdict::order_violations, name(record) + " had failed, and wasn't tried again by itself");
    }
    records.emplace_back(&record, generation);
    together_.push_back(&record);
    slow = slow || record.task.slow;
  }
  together_.clear();
  if (slow) {
    for (const auto& [record, generation] : records) {
      running_.push_back({record, generation});
      count_running(*record, generation, true);
    }
    be_slow();
    for (const auto& [record, generation] : records) end(*record, generation);
  }
  if (world_.dice.percent(5)) return unavailable("all of them");
  if (world_.dice.percent(5)) {
    for (const auto& [record, generation] : records) may_leave(*record);
    throw NotYet{"all of them"};
  }
  for (std::size_t i = 0; i < records.size(); ++i) try_one(batch[i], *records[i].first, records[i].second);
  return done();
}

void Member::try_one(BatchItem<Together>& item, Record& record, std::uint16_t generation) {
  const std::optional<Outcome> bad = trouble(record);
  if (!bad) {
    SIM_TRACE("handler has done " << name(record));
    handle(record, generation);
    if (world_.dice.percent(30)) item.outcome(done());
  } else if (record.task.trouble == Task::Trouble::throws && world_.dice.percent(50)) {
    item.fail("not yet");
  } else if (record.task.trouble == Task::Trouble::throws) {
    item.fail(std::make_exception_ptr(NotYet{"not yet"}));
  } else if (record.task.trouble == Task::Trouble::throws_for_good) {
    item.fail(std::make_exception_ptr(std::logic_error{"never"}));
  } else {
    item.outcome(*bad);
  }
}

void Member::handle(Record& record, std::uint16_t generation) {
  record.handled = true;
  record.handled_by = &seat_;
  record.handled_in = generation;
}

// As the keeper does while a handler is slow on the polling thread.
void Member::be_slow() {
  if (workers_ != nullptr || nested_ > 0) {
    world_.clock.advance(milliseconds{world_.dice.below(200)});
    return;
  }
  ++nested_;
  for (std::size_t i = world_.dice.between(1, 6); i > 0; --i) {
    world_.clock.advance(milliseconds{world_.dice.below(100)});
    if (world_.dice.percent(30)) take_answers();
    if (world_.dice.percent(20)) world_.broker.rebalance();
    world_.broker.expel_the_slow();
    expire();
    (void)engine_->step(milliseconds{50}, {});
    check_bounds();
    if (seat_.last_credit > 0) {
      world_.verdict.break_promise(&Verdict::unbounded, "messages were asked for while a handler ran on the polling thread");
    }
  }
  --nested_;
}

void Member::count_running(const Record& record, std::uint16_t generation, bool more) {
  if (Seat::Holding* const held = seat_.holding(record.partition, generation)) held->running += more ? 1 : std::size_t(-1);
}

void Member::end(const Record& record, std::uint16_t generation) {
  std::erase_if(running_, [&](const Running& running) { return running.record == &record && running.generation == generation; });
  count_running(record, generation, false);
}

// Completions whose time is over: the engine takes their attempts for failed, and what is called later changes nothing.
void Member::expire() {
  std::erase_if(pending_, [&](Pending& pending) {
    if (pending.until > world_.clock.monotonic()) return false;
    may_leave(*pending.record);
    if (++pending.record->failed >= *world_.settings.delivery.policy.retry.attempts &&
        *world_.settings.delivery.policy.on_failure == OnFailure::drop) {
      pending.record->may_be_dropped = true;
    }
    end(*pending.record, pending.generation);
    (world_.dice.percent(50) ? late_ : forgotten_).push_back(std::move(pending.completion));
    return true;
  });
}

bool Member::complete_one() {
  expire();
  if (!late_.empty() && world_.dice.percent(30)) {  // nobody may care
    late_.back().fail("too late");
    late_.pop_back();
  }
  if (pending_.empty()) return false;
  const std::size_t chosen = world_.dice.below(pending_.size());
  Pending pending = std::move(pending_[chosen]);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(chosen));
  end(*pending.record, pending.generation);
  SIM_TRACE("completes " << name(*pending.record) << (pending.fails ? ": fails" : ""));
  if (pending.fails) {
    pending.completion.fail("it failed later");
  } else {
    if (pending.outcome.kind() == Outcome::Kind::done) handle(*pending.record, pending.generation);
    pending.completion(std::move(pending.outcome));
  }
  return true;
}

// ---- the process ----

void Member::step() {
  if (failed_ || draining_ || died_) return;
  expire();
  if (const auto stepped = engine_->step(milliseconds{0}, {}); !stepped) {
    SIM_TRACE("the engine ends: " << stepped.error().text);
    failed_ = true;
  }
  check_bounds();
}

void Member::check_bounds() {
  const policy::Limits& limits = world_.settings.delivery.limits;
  if (engine_->unfinished() > limits.messages) {
    world_.verdict.break_promise(
        &Verdict::unbounded, std::to_string(engine_->unfinished()) + " messages in hand, of at most " + std::to_string(limits.messages));
  }
  if (seat_.batches > engine_->unfinished()) {
    world_.verdict.break_promise(&Verdict::unbounded, std::to_string(seat_.batches) + " batches are unreleased for " +
                                                          std::to_string(engine_->unfinished()) + " messages in hand");
  }
}

bool Member::run_a_parcel() {
  if (workers_ == nullptr || workers_->waiting.empty()) return false;
  const std::size_t chosen = world_.dice.below(workers_->waiting.size());
  listen::WorkUnit& unit = *workers_->waiting[chosen];
  workers_->waiting.erase(workers_->waiting.begin() + static_cast<std::ptrdiff_t>(chosen));
  SIM_TRACE("a worker takes " << unit.items.size() << " messages");
  unit.run(decoder_);
  return true;
}

void Member::take_answers() { (void)emitter_->flush(milliseconds{0}); }

void Member::skip_held() {
  engine_->inbox()->post([this] {
    for (const listen::Unfinished& one : engine_->unfinished_for(nanoseconds{0}, 100)) {
      if (!one.waits_for.starts_with("a person")) continue;
      if (!engine_->skip(one.topic, one.partition, one.offset, "the simulator")) continue;
      for (Record& record : world_.broker.logs()[static_cast<std::size_t>(one.partition)]) {
        if (record.offset != one.offset) continue;
        record.skipped = true;
        if (record.letter_lacks < 3 && one.reason.find("its dead letter can't be stored") != std::string::npos) {
          world_.verdict.break_promise(&Verdict::stuck, name(record) + " was held, though a smaller dead letter would have been stored");
        }
      }
    }
  });
}

bool Member::drain_step() {
  if (!std::exchange(draining_, true)) {
    SIM_TRACE("a process drains");
    seat_.draining = true;
    engine_->begin_drain();
  }
  take_answers();
  expire();
  if (!engine_->drain_step(milliseconds{10})) return false;
  const Result<void> ended = engine_->end_drain();
  SIM_TRACE("a process ends: " << (ended ? "all is settled" : ended.error().text));
  if (seat_.alive) {  // something still ran: it isn't closed, and ends with its process
    crash();
  }
  drained_ = true;
  return true;
}

}  // namespace dispytch::sim
