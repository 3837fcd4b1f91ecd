// Where a group begins in a partition for which the cluster keeps no position of it.
//
// "No position" has three meanings: the group never began with the topic; it did, and the partition came later; or the topic was deleted
// and made anew. To tell them apart each position is committed with the number of partitions that the topic had when the group began with
// it, as the commit's metadata. A partition with a number at or above that one is new to the group and has nothing old: it is read from
// its beginning, whatever `start` says. 0 stands for a topic that is new as a whole.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace dispytch::kafka {

/// What a listener asks for in a partition that isn't new. `stored`: an error rather than a choice.
enum class Start { earliest, latest, stored };

/// A position of the group, as the cluster keeps it.
struct StoredPosition {
  std::int64_t offset = 0;
  std::optional<std::int32_t> beginning = {};  ///< nothing: it was committed by another client
};

/// All positions of a group: by topic, by partition.
using StoredPositions = std::map<std::string, std::map<std::int32_t, StoredPosition>, std::less<>>;

/// The metadata of a commit, and back. Nothing where the text is somebody else's.
std::string text_of_beginning(std::int32_t partitions);
std::optional<std::int32_t> beginning_of(std::string_view metadata);

/// What a consumer knew before it joined its group. Immutable.
struct KnownAtOpening {
  std::set<std::string, std::less<>> named = {};                ///< topics subscribed to by their names; others came by a pattern
  std::map<std::string, std::int32_t, std::less<>> there = {};  ///< the numbers of partitions of the topics there were
  bool group_had_positions = false;                             ///< in any topic; asked only where there is a pattern
};

/// How many partitions the topic had when the group began with it. `stored_before`: this process has seen a position of the group in that
/// topic stored. `partitions`: how many there are now, at least. Any thread, reads only what it is given.
std::int32_t beginning(std::string_view topic, const StoredPositions& positions, const KnownAtOpening& opening, bool stored_before,
                       std::int32_t partitions);

}  // namespace dispytch::kafka
