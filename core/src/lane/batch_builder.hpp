// A batch in the making: lanes whose first messages wait for others to be handled with them.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <vector>

#include "handle/bind.hpp"
#include "lane/lanes.hpp"

namespace dispytch::lane {

/// One for each handler of batches of a listener. Of a lane that gathers, the first `gathered` messages are in the batch: all of them go to
/// that handler, one behind the other. The owner of the listener's state.
class BatchBuilder {
 public:
  struct Waiting {
    Lane* lane;
    std::chrono::nanoseconds since;  ///< monotonic: when it was the lane's turn
  };

  BatchBuilder(const handle::BoundHandler& handler, Lanes& lanes) noexcept : handler_{&handler}, lanes_{&lanes} {}

  const handle::BoundHandler& handler() const noexcept { return *handler_; }
  std::size_t max() const noexcept { return handler_->handler->gathers->max; }
  bool empty() const noexcept { return size_ == 0; }
  bool full() const noexcept { return size_ >= max(); }
  /// Returns the lane that has waited longest. Not for an empty builder.
  const Waiting& oldest() const noexcept { return waiting_.front(); }
  /// Returns the monotonic time at which its oldest lane has waited for long enough. Not for an empty builder.
  std::chrono::nanoseconds due_at() const noexcept { return oldest().since + handler_->handler->gathers->wait; }
  const std::deque<Waiting>& waiting() const noexcept { return waiting_; }

  /// Makes a running lane wait here; add() puts its messages into the batch.
  void join(Lane& lane, std::chrono::nanoseconds at);
  /// Adds the lane's next message. Returns false where the lane has as many in the batch as the batch may have.
  bool add(Lane& lane) noexcept;
  /// Takes a lane out again, which is ready from now on.
  void leave(Lane& lane);
  /// Takes up to max() messages, lane by lane, which have begun when this returns. A lane of which only some come takes part again once
  /// they are back.
  void take(std::vector<Item*>& into);
  /// Calls `copy_out` for each message of a lane that waits here and was not passed to it before.
  template <class CopyOut>
  void copy_out(CopyOut copy_out) {
    for (const Waiting& one : waiting_) {
      Lane& lane = *one.lane;
      if (lane.copied_out == lane.size) continue;
      Item* item = lane.first;
      for (std::size_t passed = 0; passed < lane.copied_out; ++passed) item = item->next;
      for (; item != nullptr; item = item->next) copy_out(*item);
      lane.copied_out = lane.size;
    }
  }

 private:
  const handle::BoundHandler* handler_;
  Lanes* lanes_;
  std::deque<Waiting> waiting_;  // the lane that has waited longest first
  std::size_t size_ = 0;         // messages, over all lanes
};

}  // namespace dispytch::lane
