// How much more may come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "border/consumer_handle.hpp"
#include "inflight/item.hpp"
#include "lane/lanes.hpp"
#include "policy/delivery_options.hpp"
#include "settle/ledger.hpp"

namespace dispytch::listen {

/// What one poll may bring. No messages: events of the group alone, and nothing that was prefetched is thrown away.
struct Credit {
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;
};

/// Counts what is unfinished, and holds the four bounds: messages, bytes, the span of a source, the share of a lane. Owns which sources and
/// lanes are withheld. The owner of the listener's state.
class Backpressure {
 public:
  struct Options {
    policy::Limits limits = {};
    bool can_withhold = false;  ///< the backend withholds one source; else all delivery stops
    Credit most = {};           ///< of one poll
    std::string log_source = {};
  };
  Backpressure(settle::Ledger& ledger, border::ConsumerHandle& consumer, Options options)
      : options_{std::move(options)}, ledger_{&ledger}, consumer_{&consumer} {}

  /// Counts a message that arrived in its lane, and withholds its source where it or the lane has had its share.
  void arrived(const inflight::Item& item, lane::Lane& lane) {
    ++unfinished_;
    bytes_ += item.bytes;
    if (lane.size > options_.limits.lane && lane.withheld == nullptr && !DISPYTCH_MUTATE("no_share_of_a_lane"))
      withhold(lane, *item.source);
    if (options_.can_withhold && !item.source->withheld) withhold_where_full(*item.source);
  }
  /// Counts a message out.
  void left(const inflight::Item& item) noexcept {
    --unfinished_;
    bytes_ -= item.bytes;
  }
  /// Looks whether a lane that got shorter has room again.
  void shrank(lane::Lane& lane) noexcept {
    if (lane.withheld != nullptr && lane.size <= options_.limits.lane / 2) readmit(lane);
  }
  /// Has sources delivered again that have room again.
  void resume_where_room();
  /// Drops all that is known of a source that was given up.
  void forget(settle::Source& source, lane::Lanes& lanes) noexcept;

  Credit credit() const noexcept;
  /// Whether nothing more can come at present that a batch in the making could wait for.
  bool is_full() const noexcept { return credit().messages == 0; }
  std::size_t unfinished() const noexcept { return unfinished_; }
  std::uint64_t unfinished_bytes() const noexcept { return bytes_; }

 private:
  void withhold(lane::Lane& lane, settle::Source& source) noexcept;
  void readmit(lane::Lane& lane) noexcept;
  void withhold_where_full(settle::Source& source);
  void pause(settle::Source& source, bool on);

  const Options options_;
  settle::Ledger* ledger_;
  border::ConsumerHandle* consumer_;
  std::size_t unfinished_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t withheld_lanes_ = 0;
  std::size_t withheld_sources_ = 0;
};

}  // namespace dispytch::listen
