// The deliberate mistakes of lane::Lanes that are longer than an expression.
#include "lane/lanes.hpp"

namespace dispytch::lane {

// A message that waits lets those behind it pass.
void Lanes::put_last(Lane& lane, Item& item) noexcept {
  if (lane.first != &item || item.next == nullptr) return;
  take_out(lane, item);
  append(lane, item);
  lane.state = Lane::State::running;
}

}  // namespace dispytch::lane
