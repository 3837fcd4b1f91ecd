// Where the board shows: a live table on a terminal while the program runs, a CSV file when it ends.
#pragma once

#include <stop_token>
#include <string>
#include <thread>

#include "delay_board.hpp"

namespace flights {

/// Shows one board, which outlives it.
class BoardDisplay {
 public:
  explicit BoardDisplay(const DelayBoard& board) noexcept : board_{board} {}

  /// Begins to redraw the table in place, five times a second, on a thread of its own. Where standard output is no terminal it only
  /// notes that the application has started.
  void start();

  /// After the application ended: the table for the last time, and the result as CSV in `output`; where that is empty, on standard output,
  /// unless that is a terminal. The file is replaced whole or not at all, and only by a run that ended well (exit code 0).
  /// Returns the exit code: `exit_code`, or 1 where the file can't be written, which standard error is told.
  int finish(int exit_code, const std::string& output);

 private:
  void redraw(std::stop_token stop);
  // Leaves the cursor at the table's top, so that the next one, or a line of the log, takes its place; after the last one below it.
  void draw(bool last) const;

  const DelayBoard& board_;
  bool started_ = false;
  std::jthread thread_ = {};
};

}  // namespace flights
