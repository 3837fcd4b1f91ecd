#include "base/mutate.hpp"
#include "listen/executor.hpp"

namespace dispytch::listen {

void Parcel::run(codec::Decoder& decoder) {
  const auto begin = clock->monotonic();
  const lane::Lane* stopped = nullptr;
  tried = 0;
  if (batch_of != nullptr) {
    if (next_.fetch_add(items.size(), std::memory_order_acq_rel) == 0) runner->run_batch(items, *batch_of, decoder);
    returned(*this);
    return;
  }
  for (std::size_t at = 0; (at = next_.fetch_add(1, std::memory_order_acq_rel)) < items.size();) {
    lane::Item* const item = items[at];
    const bool behind = item->lane == stopped && !DISPYTCH_MUTATE("go_on_behind_a_failure");
    const bool let_go = item->source->let_go.load(std::memory_order_relaxed) && !DISPYTCH_MUTATE("begin_what_was_let_go");
    if (behind || let_go) {
      item->verdict = lane::Verdict::none;  // not that of a handler that ended before
      continue;
    }
    runner->run(*item, decoder);
    ++tried;
    if (item->verdict == lane::Verdict::trouble || item->verdict == lane::Verdict::later) stopped = item->lane;
  }
  took = clock->monotonic() - begin;
  returned(*this);
}

}  // namespace dispytch::listen
