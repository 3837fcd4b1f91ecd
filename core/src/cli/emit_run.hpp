// One run of `dispytch emit`: what became of each line, told as it happens and summed up at the end.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include <dispytch/emitter.hpp>

#include "cli/line_ledger.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {

/// Counts and reports. It must outlive the emitter, whose answers come to it. Any thread, but for what says otherwise.
class EmitRun {
 public:
  /// Lines that may be out at a time, from the first that isn't confirmed: what bounds the memory of the run besides the emitter's own
  /// bounds.
  static constexpr std::size_t kSpan = 100'000;

  explicit EmitRun(bool json) : json_{json} {}

  LineLedger& ledger() noexcept { return ledger_; }

  /// The line is wrong by itself: named, counted as failed; the rest goes on.
  void refuse(std::uint64_t line, std::size_t column, const std::string& text);

  /// The emitter's answer. A message that the broker would never take counts as a wrong line; any other failure ends the run, since the
  /// lines behind it would fail as well, or overtake it.
  void answer(LineLedger::Ticket ticket, const Result<Receipt>& result);

  /// Redraws the progress where that is due. `consumed` of `size` bytes are read; size 0: unknown. The reading thread alone.
  void progress(std::uint64_t consumed, std::uint64_t size);

  /// A sentence on standard error, between the lines of the progress.
  void tell(const std::string& text);

  /// After every answer is in: prints the count and where to resume, and returns the exit code. `next_line`: the first line that was not
  /// read because of an interrupt; 0: the input came to its end, or a failure ended the run.
  int finish(std::uint64_t next_line);

 private:
  void report(std::uint64_t line, std::optional<std::size_t> column, const std::string& text);

  const bool json_;
  LineLedger ledger_{kSpan};
  std::atomic<std::uint64_t> confirmed_{0};
  std::atomic<std::uint64_t> failed_{0};
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();

  std::mutex mutex_;  // guards the terminal and what follows
  Progress progress_ = {};
  std::string stopped_because_ = {};
};

}  // namespace dispytch::cli
