// A batch on its way into its handler, and what was said of each of its messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/batch.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/message.hpp>

#include "border/consumer_handle.hpp"
#include "codec/json_codec.hpp"
#include "inflight/item.hpp"
#include "listen/attempt.hpp"

namespace dispytch::listen {

class Runner;

/// Made on the stack for each batch.
class BatchDelivery final : public detail::BatchDelivery {
 public:
  struct ItemResult {
    enum class Kind : std::uint8_t {
      nothing,  ///< it ends as the call does
      outcome,
      failure,
      thrown,
      undecodable,
      behind,  ///< one of its lane before it can't be decoded: it isn't begun
    };
    Kind kind = Kind::nothing;
    Outcome outcome = done();
    std::string reason = {};  ///< failure, undecodable
    bool fatal = false;       ///< failure: an emitter is of no more use
    std::exception_ptr thrown = {};

    /// Whether it counts as a failure of the handler, for its breaker.
    bool failed() const noexcept {
      if (kind != Kind::outcome) return true;
      return outcome.kind() == Outcome::Kind::retry_after || outcome.kind() == Outcome::Kind::unavailable;
    }
  };
  struct Entry {
    inflight::Item* item;
    ItemResult result = {};
  };

  using MakeAttempt = std::function<std::shared_ptr<Attempt>()>;

  /// `make_attempt` is called at most once, where the handler takes a Context.
  BatchDelivery(border::ConsumerHandle& consumer, codec::Decoder& decoder, const Runner& runner, MakeAttempt make_attempt)
      : consumer_{&consumer}, decoder_{&decoder}, runner_{&runner}, make_attempt_{std::move(make_attempt)} {}

  /// Before the call; no more than were said.
  void reserve(std::size_t count);
  void add(inflight::Item& item);
  std::vector<Entry>& entries() noexcept { return entries_; }

  bool decode(std::size_t index, const detail::EventType& type, void* body, const detail::EventEnvelope& envelope) override;
  void say(std::size_t index, Outcome outcome) override {
    entries_[index].result = {.kind = ItemResult::Kind::outcome, .outcome = std::move(outcome)};
  }
  void fail(std::size_t index, std::string reason) override;
  void fail(std::size_t index, std::exception_ptr thrown) override;
  std::shared_ptr<detail::Attempt> attempt() override;
  /// Returns what the handler asked for; null: it took no Context.
  std::shared_ptr<Attempt> take_attempt() noexcept { return std::move(attempt_); }

 private:
  border::ConsumerHandle* consumer_;
  codec::Decoder* decoder_;
  const Runner* runner_;
  MakeAttempt make_attempt_;
  std::shared_ptr<Attempt> attempt_ = {};
  std::vector<Entry> entries_;
  std::vector<Message> messages_;
  std::optional<inflight::LaneId> stopped_;  // the lane of the last message that can't be decoded; those of a lane stand together
};

/// A batch whose handler has returned, and which waits until what the handler emitted is confirmed. Its messages count as running.
struct AwaitedBatch {
  std::vector<inflight::Item*> items = {};         ///< all that run_batch() was given
  std::vector<BatchDelivery::Entry> entries = {};  ///< those that the handler was called with
  const handle::BoundHandler* handler = nullptr;
  Attempt::Answer answer = {};  ///< set before BatchAnswered is called
};
/// Called once, on whatever thread, perhaps before run_batch() returns.
using BatchAnswered = std::function<void(std::shared_ptr<AwaitedBatch>)>;

}  // namespace dispytch::listen
