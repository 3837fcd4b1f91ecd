// What is only for people in front of a terminal: colour and progress. Elsewhere all of it vanishes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace dispytch::cli {

/// Colours text for one of the standard streams: only where that is a terminal, TERM isn't `dumb` and NO_COLOR (no-color.org) is not
/// set or empty.
class Colours {
 public:
  /// STDOUT_FILENO or STDERR_FILENO.
  explicit Colours(int descriptor);

  std::string bold(std::string_view text) const { return dress("1", text); }
  std::string dim(std::string_view text) const { return dress("2", text); }
  std::string red(std::string_view text) const { return dress("31", text); }
  std::string green(std::string_view text) const { return dress("32", text); }

 private:
  std::string dress(std::string_view code, std::string_view text) const;
  bool on_;
};

/// One line on standard error, overwritten five times a second at most, gone at the end. Only where standard error is a terminal.
/// One thread.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Whether a line would be drawn now; costs a clock reading on a terminal and nothing elsewhere.
  bool due();
  void show(const std::string& text);
  /// Before anything else is written to the terminal.
  void clear();

 private:
  bool on_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_ = {};
};

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// Words from somebody else's bytes with control and invisible characters, and what is no UTF-8, escaped as text/escape.hpp says, so that a
/// message can't steer the terminal. Line ends count as control characters, a tab does not.
std::string printable(std::string_view text);
/// The same of a text of several lines.
std::string printable_lines(std::string_view text);

}  // namespace dispytch::cli
