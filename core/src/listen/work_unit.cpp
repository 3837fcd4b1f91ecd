#include "listen/work_unit.hpp"

#include <optional>

#include "base/mutate.hpp"

namespace dispytch::listen {

using inflight::Verdict;

void WorkUnit::run(codec::Decoder& decoder) {
  const auto begin = clock->monotonic();
  std::optional<inflight::LaneId> stopped;
  tried = 0;
  if (batch_of != nullptr) {
    const bool ended = next_.fetch_add(items.size(), std::memory_order_acq_rel) != 0 ||
                       runner->run_batch(items, *batch_of, decoder, [this](std::shared_ptr<AwaitedBatch> batch) {
                         awaited = std::move(batch);
                         returned(*this);
                       });
    if (ended) returned(*this);  // else somebody may use the unit anew already
    return;
  }
  for (std::size_t at = 0; (at = next_.fetch_add(1, std::memory_order_acq_rel)) < items.size();) {
    inflight::Item& item = *items[at];
    const bool behind = item.lane == stopped && !DISPYTCH_MUTATE("go_on_behind_a_failure");
    if (behind || (item.is_revoked() && !DISPYTCH_MUTATE("begin_what_was_let_go"))) {
      item.verdict = Verdict::none;  // not that of a handler that ended before
      continue;
    }
    runner->run(item, decoder);
    ++tried;
    if (item.verdict == Verdict::failed || item.verdict == Verdict::later) stopped = item.lane;
  }
  took = clock->monotonic() - begin;
  returned(*this);
}

}  // namespace dispytch::listen
