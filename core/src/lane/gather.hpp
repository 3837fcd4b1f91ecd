// A batch in the making: lanes whose first messages wait for others to be handled with them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>

#include "handle/bind.hpp"
#include "lane/lanes.hpp"

namespace dispytch::lane {

/// One for each handler of batches of a listener. The owner of the listener's state.
///
/// Of a lane the first `gathered` messages are in it, which go to that handler, one behind the other. Its state is `gathers` meanwhile.
struct Gather {
  struct Waiting {
    Lane* lane;
    std::chrono::nanoseconds since;  ///< monotonic: when it was the lane's turn
  };
  const handle::BoundHandler* handler = nullptr;
  std::deque<Waiting> lanes = {};  ///< that which has waited longest first
  std::size_t size = 0;            ///< messages, over all lanes

  std::size_t max() const noexcept { return handler->handler->gathers->max; }
  std::chrono::nanoseconds wait() const noexcept { return handler->handler->gathers->wait; }
  bool full() const noexcept { return size >= max(); }

  void join(Lane& lane, std::chrono::nanoseconds at) {
    lane.state = Lane::State::gathers;
    lane.gathered = 0;
    lane.parked = 0;
    lanes.push_back({&lane, at});
  }
  void leave(Lane& lane) {
    size -= lane.gathered;
    std::erase_if(lanes, [&](const Waiting& waiting) { return waiting.lane == &lane; });
  }
};

}  // namespace dispytch::lane
