// Judges a history: what was lost, handled twice, handled out of order, or committed too early.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "faults/history.hpp"

namespace dispytch::faults {

struct Verdict {
  std::size_t emitted = 0, confirmed = 0, refused = 0, unknown = 0;
  std::size_t handled = 0;  ///< events, each counted once
  std::size_t lost = 0;     ///< confirmed, and never handled
  std::size_t duplicates_explained = 0;
  std::size_t duplicates_unexplained = 0;
  std::size_t stored_twice = 0;  ///< events, by a producer that numbered its messages anew; handled at each place, as explained duplicates
  std::size_t order_violations = 0;
  std::size_t mark_violations = 0;    ///< committed before it was handled, or not at the end in the end
  std::size_t wrong_answers = 0;      ///< handled though refused or never emitted; or elsewhere, or at more places, than confirmed
  std::vector<std::string> findings;  ///< a sentence for each of the first of them

  bool clean() const noexcept { return lost + duplicates_unexplained + order_violations + mark_violations + wrong_answers == 0; }
  /// All of it, for a person.
  std::string text() const;
};

/// How far an excuse reaches.
struct Reach {
  /// Back from it: what a process handled so long before its end had been committed. Longer than a broker may be away.
  std::chrono::seconds back{60};
  /// On from a fence: until the handler that it met has ended.
  std::chrono::seconds on{15};
  /// On from a renumbering: a program notices it so late.
  std::chrono::seconds notice{2};
};

/// Every rule, and nothing assumed of the order in which the history was put together:
///
/// - what was confirmed was handled;
/// - the first handlings of a key's events are in the order in which they were emitted;
/// - within one process a key's events are handled one after another, and never again or backwards but after an assignment;
/// - an event that was handled twice has an excuse: the process that handled it first crashed soon after, or one of the two was fenced, or
///   the first gave its partition up while an event before it there was unfinished: no mark could cover it;
/// - nothing was committed before all below it had been handled, and in the end everything is committed;
/// - what was refused was never handled, and what was confirmed is where the broker said, and there alone unless its producer numbered its
///   messages anew: then a second place explains a second handling.
Verdict judge(const History& history, Reach reach = {});

}  // namespace dispytch::faults
