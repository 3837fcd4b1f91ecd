#include "listen/backpressure.hpp"

#include <algorithm>
#include <cstdint>

#include "base/log.hpp"
#include "base/mutate.hpp"

namespace dispytch::listen {

using lane::Lane;
using settle::Source;

Credit Backpressure::credit() const noexcept {
  const std::uint64_t limit = DISPYTCH_MUTATE("no_bound_of_bytes") ? UINT64_MAX : options_.limits.bytes;
  const std::uint64_t bytes_left = limit > bytes_ ? limit - bytes_ : 0;
  if (bytes_left == 0 || (withheld_lanes_ > 0 && !options_.can_withhold)) return {.messages = 0, .bytes = options_.most.bytes};
  const std::size_t messages_left = options_.limits.messages > unfinished_ ? options_.limits.messages - unfinished_ : 0;
  const std::size_t room = DISPYTCH_MUTATE("no_span") ? messages_left : std::min(messages_left, ledger_->room());
  const std::size_t messages = DISPYTCH_MUTATE("no_bound") ? options_.most.messages : std::min<std::size_t>(options_.most.messages, room);
  return {.messages = static_cast<std::uint32_t>(messages),
          .bytes = messages > 0 ? std::min(options_.most.bytes, bytes_left) : options_.most.bytes};
}

void Backpressure::withhold(Lane& lane, Source& source) noexcept {
  lane.withheld = &source;
  ++withheld_lanes_;
  ++source.withheld_lanes;
}

void Backpressure::readmit(Lane& lane) noexcept {
  --withheld_lanes_;
  --std::exchange(lane.withheld, nullptr)->withheld_lanes;
}

// A source whose window is nearly full, or one of whose lanes has had its share, gets no more for now. What a poll that is under way may
// still bring has room.
void Backpressure::withhold_where_full(Source& source) {
  const std::size_t reserve = std::min<std::size_t>(2 * std::size_t{options_.most.messages}, options_.limits.span / 2);
  if (source.withheld_lanes > 0 || ledger_->room(source) < reserve) pause(source, true);
}

void Backpressure::resume_where_room() {
  if (withheld_sources_ == 0) return;
  const std::size_t reserve = std::min<std::size_t>(4 * std::size_t{options_.most.messages}, options_.limits.span * 3 / 4);
  ledger_->for_each([&](Source& source) {
    if (!source.withheld || source.withheld_lanes > 0 || ledger_->room(source) < reserve || DISPYTCH_MUTATE("never_resume")) return;
    pause(source, false);
  });
}

void Backpressure::pause(Source& source, bool on) {
  dispytch_source named{};
  named.source = source.id;
  if (const Result<void> paused = consumer_->pause({&named, 1}, on); !paused) {
    log::warning(options_.log_source, paused.error().text);
    return;
  }
  source.withheld = on;
  withheld_sources_ += on ? 1 : std::size_t(-1);
}

void Backpressure::forget(Source& source, lane::Lanes& lanes) noexcept {
  if (std::exchange(source.withheld, false)) --withheld_sources_;
  if (source.withheld_lanes == 0) return;
  lanes.for_each([&](Lane& lane) {
    if (lane.withheld == &source) readmit(lane);
  });
}

}  // namespace dispytch::listen
