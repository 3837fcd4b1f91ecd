// Emits the flights of a file.
#pragma once

#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <mutex>
#include <stop_token>
#include <string>

#include <dispytch/dispytch.hpp>

#include "flight_reader.hpp"

namespace flights {

/// What became of the events so far. Any thread. It must outlive the emitter: answers may come in until that is closed.
class FeedCounts {
 public:
  void record(const dispytch::Result<dispytch::Receipt>& result);

  std::int64_t confirmed() const noexcept { return confirmed_; }
  std::int64_t failed() const noexcept { return failed_; }
  /// Why the first one failed; empty where none did.
  std::string first_error() const;

  /// After the application ended: writes `4334 confirmed, 0 failed` unless nothing was emitted, and returns the program's exit code:
  /// `exit_code`, or 1 where an event failed after all.
  int finish(int exit_code, std::ostream& out) const;

 private:
  std::atomic<std::int64_t> confirmed_{0};
  std::atomic<std::int64_t> failed_{0};
  mutable std::mutex mutex_;  // guards first_error_
  std::string first_error_ = {};
};

/// Where the flights come from and how many of them; set by the command line.
struct FeedOptions {
  std::string input = "-";  ///< a CSV file; "-" is standard input
  int limit = 0;            ///< 0: all
};

/// Emits the flights in their order, without waiting for each: the emitter bounds how many are under way. Returns when all had
/// their answer, or when asked to stop and those under way had theirs. Blocks.
///
/// Throws std::runtime_error where the input can't be opened or has a malformed row (what came before it is emitted), and where an
/// event was not confirmed.
void feed(const FeedOptions& options, dispytch::EventEmitter& out, FeedCounts& counts, std::stop_token stop);

}  // namespace flights
