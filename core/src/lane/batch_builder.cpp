#include "lane/batch_builder.hpp"

#include <algorithm>

#include "base/mutate.hpp"

namespace dispytch::lane {

void BatchBuilder::join(Lane& lane, std::chrono::nanoseconds at) {
  lanes_->gather(lane);
  lane.gathered = 0;
  lane.copied_out = 0;
  waiting_.push_back({&lane, at});
}

bool BatchBuilder::add(Lane& lane) noexcept {
  if (lane.gathered >= max()) return false;
  ++lane.gathered;
  ++size_;
  return true;
}

void BatchBuilder::leave(Lane& lane) {
  size_ -= lane.gathered;
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.lane == &lane; });
  lanes_->stop_gathering(lane);
}

void BatchBuilder::take(std::vector<Item*>& into) {
  into.clear();
  const std::size_t most = max() + (DISPYTCH_MUTATE("one_too_many_in_a_batch") ? 1 : 0);
  while (!waiting_.empty() && into.size() < most) {
    Lane& lane = *waiting_.front().lane;
    waiting_.pop_front();
    size_ -= lane.gathered;
    lanes_->start_batch(lane);
    const std::size_t take = std::min(lane.gathered, most - into.size());
    Item* item = lane.first;
    for (std::size_t taken = 0; taken < take; ++taken, item = item->next) {
      lanes_->begin(*item);
      into.push_back(item);
    }
  }
}

}  // namespace dispytch::lane
