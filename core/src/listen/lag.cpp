#include "listen/lag.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include <dispytch/plugin/abi.h>

namespace dispytch::listen {
namespace {

using std::chrono::milliseconds;

// The times of the oldest messages in hand, by source; nothing: one of them has no time.
std::unordered_map<const settle::Source*, std::optional<std::int64_t>> oldest_in_hand(InFlight& in_flight) {
  std::unordered_map<const settle::Source*, std::optional<std::int64_t>> oldest;
  in_flight.lanes().for_each([&](lane::Lane& lane) {
    for (const inflight::Item* item = lane.first; item != nullptr; item = item->next) {
      const bool has_time = (item->raw->flags & DISPYTCH_MSG_TIMESTAMP) != 0 && item->raw->timestamp_ms >= 0;
      const auto [known, is_first] = oldest.try_emplace(item->source, item->raw->timestamp_ms);
      if (!has_time) {
        known->second.reset();
      } else if (known->second) {
        known->second = std::min(*known->second, item->raw->timestamp_ms);
      }
    }
  });
  return oldest;
}

}  // namespace

std::vector<Lag> lag_of(border::ConsumerHandle& consumer, InFlight& in_flight, const Setup& setup) {
  std::vector<Lag> all;
  const std::vector<dispytch_lag> known = consumer.lag();
  if (known.empty()) return all;
  const auto oldest = oldest_in_hand(in_flight);
  const std::int64_t now_ms = setup.clock->unix_ms();
  for (const dispytch_lag& one : known) {
    const settle::Source* const source = in_flight.ledger().find(one.source);
    if (source == nullptr || source->topic.empty()) continue;
    Lag& lag = all.emplace_back(Lag{.topic = source->topic, .partition = source->partition, .messages = one.messages});
    const auto in_hand = oldest.find(source);
    if (one.messages == 0) {
      lag.oldest_age = milliseconds{0};
    } else if (in_hand != oldest.end() && in_hand->second) {
      lag.oldest_age = milliseconds{std::max<std::int64_t>(0, now_ms - *in_hand->second)};
    }
  }
  return all;
}

}  // namespace dispytch::listen
