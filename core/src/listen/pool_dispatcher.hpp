// Hands messages to workers, and takes back what none of them came to.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "listen/batching.hpp"
#include "listen/dispatcher.hpp"
#include "listen/executor.hpp"
#include "listen/halt.hpp"
#include "listen/in_flight.hpp"
#include "listen/inbox.hpp"
#include "listen/outcomes.hpp"
#include "listen/runner.hpp"
#include "listen/setup.hpp"
#include "listen/suspects.hpp"

namespace dispytch::listen {

/// Owns the work units. Whole units cross threads, not messages.
class PoolDispatcher final : public Dispatcher {
 public:
  /// What it works on; all of it outlives the dispatcher.
  struct Parts {
    const Setup& setup;
    const Halt& halt;
    InFlight& in_flight;
    Batching& batching;
    Outcomes& outcomes;
    Suspects& suspects;
    const Runner& runner;
    std::shared_ptr<Inbox> inbox;
    std::unique_ptr<Executor> executor;
  };
  explicit PoolDispatcher(Parts parts) : parts_{std::move(parts)} {}
  ~PoolDispatcher() override { parts_.executor.reset(); }  // its workers look into the units

  bool dispatch() override;
  void batch_begins() override {}
  void arrived(inflight::Item& item) override { BatchStore::track(item); }
  void batch_ends(inflight::SharedBatch& batch) override { parts_.in_flight.batches().keep(batch); }
  bool take_back_overdue() override;
  void take_back_all() override;
  bool is_busy() const noexcept override { return false; }
  bool has_room() const noexcept override;
  std::optional<std::chrono::nanoseconds> next_take_back() const override;
  void keep_membership(KeepAlive) override {}
  void stop() override { parts_.executor.reset(); }

 private:
  struct Overdue {
    std::chrono::nanoseconds when;
    WorkUnit* unit;
    std::uint64_t serial;
  };
  void submit_batch(lane::BatchBuilder& builder);
  void submit_ready();
  void submit_suspect();
  void submit(WorkUnit& unit);
  WorkUnit& free_unit();
  void unit_returned(WorkUnit& unit);
  void items_returned(std::span<inflight::Item* const> items, const lane::Lane* busy);
  void take_back(WorkUnit& unit);

  Parts parts_;
  std::vector<std::unique_ptr<WorkUnit>> units_;
  std::vector<WorkUnit*> free_units_;
  std::size_t units_out_ = 0;
  std::uint64_t serial_ = 0;
  std::deque<Overdue> overdue_;  // units of several messages, by the time at which they should be back
  double item_cost_ns_ = 0;      // of a message's handling, smoothed
};

}  // namespace dispytch::listen
