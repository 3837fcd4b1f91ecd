// Which input lines have had their answer, so that a run that ends early can say where to resume.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace dispytch::cli {

/// Lines go out in ascending order and are answered in any. The span from the first line that isn't done with to the last one out is
/// bounded, which bounds the memory of the whole run. Any thread.
class LineLedger {
 public:
  /// Names a line that is out, for its answer.
  using Ticket = std::uint64_t;

  explicit LineLedger(std::size_t span) : slots_(span) {}

  /// A line goes out. Waits while the span is full. nullopt: a line has to be sent again, so that no further one may go out.
  std::optional<Ticket> out(std::uint64_t line);

  /// The line needs nothing more.
  void done(Ticket ticket);
  /// The line, and so the rest of the run, has to be sent again.
  void again(Ticket ticket);

  /// The line of a ticket that is still out.
  std::uint64_t line(Ticket ticket) const;

  /// Where to resume: the first line that is not done with, 0 where every line that went out is.
  std::uint64_t first_not_done() const;
  /// How many lines behind that one are done with: to resume sends them twice.
  std::uint64_t done_behind() const;

 private:
  struct Slot {
    std::uint64_t line = 0;
    bool done = false;
  };
  Slot& slot(Ticket ticket) { return slots_[ticket % slots_.size()]; }
  const Slot& slot(Ticket ticket) const { return slots_[ticket % slots_.size()]; }

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable room_;
  std::vector<Slot> slots_;
  Ticket first_ = 0, end_ = 0;  // in use: slots_[first_, end_), of which the first is not done with
  bool again_ = false;
};

}  // namespace dispytch::cli
