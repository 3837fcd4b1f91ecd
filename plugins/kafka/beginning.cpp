#include "beginning.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace dispytch::kafka {
namespace {

constexpr std::string_view kPrefix = "dispytch: began with ";
constexpr std::string_view kSuffix = " partitions";

}  // namespace

std::string text_of_beginning(std::int32_t partitions) { return std::string{kPrefix} + std::to_string(partitions) + std::string{kSuffix}; }

std::optional<std::int32_t> beginning_of(std::string_view metadata) {
  if (!metadata.starts_with(kPrefix) || !metadata.ends_with(kSuffix)) return std::nullopt;
  metadata.remove_prefix(kPrefix.size());
  if (metadata.size() <= kSuffix.size()) return std::nullopt;
  metadata.remove_suffix(kSuffix.size());
  std::int32_t partitions = 0;
  const auto [end, error] = std::from_chars(metadata.data(), metadata.data() + metadata.size(), partitions);
  if (error != std::errc{} || end != metadata.data() + metadata.size() || partitions < 0) return std::nullopt;
  return partitions;
}

std::int32_t beginning(std::string_view topic, const StoredPositions& positions, const KnownAtOpening& opening, bool stored_before,
                       std::int32_t partitions) {
  const auto there = opening.there.find(topic);
  // Those that were there before the group began, at the most: partitions that come between are new.
  const std::int32_t now = there == opening.there.end() ? partitions : there->second;
  if (const auto known = positions.find(topic); known != positions.end() && !known->second.empty()) {
    std::optional<std::int32_t> least;  // members that began at the same time may have seen different numbers
    for (const auto& [partition, position] : known->second) {
      if (position.beginning) least = std::min(least.value_or(*position.beginning), *position.beginning);
    }
    return least.value_or(now);
  }
  if (stored_before) return 0;  // the cluster forgets positions with their topic: it was deleted, and this is another one
  if (opening.named.contains(topic)) return now;
  // By a pattern. Where the group was there already the topic appeared since, or the pattern is new: twice rather than never.
  return there == opening.there.end() || opening.group_had_positions ? 0 : now;
}

}  // namespace dispytch::kafka
