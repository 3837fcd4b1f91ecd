// One process of the group: the production engine with its emitter, over a seat of the simulated broker.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <dispytch/batch.hpp>
#include <dispytch/context.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/parameters.hpp>

#include "codec/json_codec.hpp"
#include "listen/engine.hpp"
#include "sim/broker.hpp"

namespace dispytch::detail {
class EmitterCore;
}

namespace dispytch::sim {

struct Together;

/// Keeps units until the simulator says that a worker ran one.
class Workers final : public listen::Executor {
 public:
  explicit Workers(std::size_t count) noexcept : count_{count} {}
  std::size_t workers() const noexcept override { return count_; }
  void submit(listen::WorkUnit& unit) override { waiting.push_back(&unit); }
  std::vector<listen::WorkUnit*> waiting = {};

 private:
  const std::size_t count_;
};

class Member {
 public:
  struct World {
    const Settings& settings;
    Dice& dice;
    VirtualClock& clock;
    Broker& broker;
    Verdict& verdict;
  };
  explicit Member(const World& world);
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  /// One step of its engine.
  void step();
  /// A worker runs one of the units that wait.
  bool run_a_parcel();
  /// A handler that returned before it was done is done.
  bool complete_one();
  /// The emitter takes the answers that are there.
  void take_answers();
  /// Holds it to its word on what it does: ready once its group has told it what it reads, idle where it has nothing to do. Once a round,
  /// when nothing goes wrong any more.
  void check_rest();
  /// A person lets the held messages go.
  void skip_held();
  /// What it has in hand, while a schedule is traced.
  void tell();
  /// Ends in order: one step of the drain; true: it has ended, and there is nothing to be done with it but to destroy it.
  bool drain_step();
  /// Ends it at once, as kill -9 does.
  void crash();

  bool draining() const noexcept { return draining_; }
  bool failed() const noexcept { return failed_; }
  /// A handler has ended the process: whatever still runs of it reaches nobody.
  bool died() const noexcept { return died_; }
  Seat& seat() noexcept { return seat_; }
  const listen::Engine& engine() const noexcept { return *engine_; }

 private:
  struct Pending {
    Completion completion;
    Record* record;
    std::uint16_t generation;
    std::chrono::nanoseconds until;  // its time is over then
    Outcome outcome;
    bool fails;
  };
  struct Running {
    const Record* record;
    std::uint16_t generation;
    bool suspect = false;
  };
  // Of a message, as it was delivered.
  struct Delivery {
    std::uint16_t generation;
    bool suspect;
  };

  HandlerGroup make_group();
  Record& begin(int number, Delivery delivery, bool second);
  Delivery delivery_of(const Message& message) const;
  void die(Record& record);
  void require_life() const;
  HandlerGroup make_batches();
  Outcome work_together(Batch<Together>& batch);
  void try_one(BatchItem<Together>& item, Record& record, std::uint16_t generation);
  Outcome work(int number, const Message& message, bool second);
  void may_leave(Record& record);
  void handle(Record& record, std::uint16_t generation);
  void end(const Record& record, std::uint16_t generation);
  void count_running(const Record& record, std::uint16_t generation, bool more);
  void expire();
  void be_slow();
  std::optional<Outcome> trouble(Record& record);
  void check_bounds();

  World world_;
  Seat& seat_;
  codec::Decoder decoder_ = {};
  Workers* workers_ = nullptr;
  std::shared_ptr<detail::EmitterCore> emitter_;
  Providers providers_ = {};
  HandlerGroup group_;
  HandlerGroup batches_;
  std::vector<const Record*> together_ = {};                              // of the batch at hand, those that were begun
  std::map<std::pair<std::int32_t, std::int64_t>, Delivery> deliveries_;  // of the batch at hand, by partition and offset
  std::unique_ptr<listen::Engine> engine_;
  std::vector<Pending> pending_ = {};
  std::vector<Completion> late_ = {};       // to be called after their time
  std::vector<Completion> forgotten_ = {};  // never to be called
  std::vector<Running> running_ = {};
  unsigned nested_ = 0;
  unsigned rounds_at_rest_ = 0;  // in a row
  std::uint64_t news_ = 0;       // of its seat, until the last of them
  bool draining_ = false;
  bool drained_ = false;
  bool failed_ = false;
  bool died_ = false;
};

}  // namespace dispytch::sim
