// Runs handlers on the thread that polls.
#pragma once

#include <memory>
#include <vector>

#include "codec/json_codec.hpp"
#include "listen/batching.hpp"
#include "listen/dispatcher.hpp"
#include "listen/halt.hpp"
#include "listen/in_flight.hpp"
#include "listen/inbox.hpp"
#include "listen/membership_keeper.hpp"
#include "listen/outcomes.hpp"
#include "listen/runner.hpp"
#include "listen/suspects.hpp"

namespace dispytch::listen {

/// A message is handled as soon as it arrives. While a handler is slow, MembershipKeeper takes the listener's state over.
class InlineDispatcher final : public Dispatcher {
 public:
  /// What it works on; all of it outlives the dispatcher.
  struct Parts {
    const Halt& halt;
    InFlight& in_flight;
    Batching& batching;
    Outcomes& outcomes;
    Suspects& suspects;
    const Runner& runner;
    std::shared_ptr<Inbox> inbox;
  };
  explicit InlineDispatcher(const Parts& parts) : parts_{parts} {}

  bool dispatch() override;
  void batch_begins() override;
  void arrived(inflight::Item& item) override;
  void batch_ends(inflight::SharedBatch& batch) override;
  bool take_back_overdue() override { return false; }
  void take_back_all() override {}
  bool is_busy() const noexcept override { return busy_; }
  bool has_room() const noexcept override { return !busy_; }
  std::optional<std::chrono::nanoseconds> next_take_back() const override { return std::nullopt; }
  void keep_membership(KeepAlive keep_alive) override { keeper_ = std::make_unique<MembershipKeeper>(std::move(keep_alive)); }
  void stop() override { keeper_.reset(); }

 private:
  void run_ready();
  void run(lane::Lane& lane);
  void run(lane::BatchBuilder& builder);
  void answered(AwaitedBatch& batch);
  template <class Call>
  void watched(Call call);

  Parts parts_;
  codec::Decoder decoder_;
  std::vector<inflight::Item*> batch_;  // that is handled
  bool busy_ = false;
  std::unique_ptr<MembershipKeeper> keeper_;  // null: nobody keeps the membership
};

}  // namespace dispytch::listen
