#include "cli/terminal.hpp"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "text/escape.hpp"

namespace dispytch::cli {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{200};

bool set_and_not_empty(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool smart_terminal(int descriptor) {
  const char* terminal = std::getenv("TERM");
  return isatty(descriptor) != 0 && terminal != nullptr && std::string_view{terminal} != "dumb";
}

}  // namespace

Colours::Colours(int descriptor) : on_{smart_terminal(descriptor) && !set_and_not_empty("NO_COLOR")} {}

std::string Colours::dress(std::string_view code, std::string_view text) const {
  if (!on_) return std::string{text};
  return "\x1b[" + std::string{code} + 'm' + std::string{text} + "\x1b[0m";
}

Progress::Progress() : on_{smart_terminal(STDERR_FILENO)} {}

bool Progress::due() { return on_ && std::chrono::steady_clock::now() >= next_; }

void Progress::show(const std::string& text) {
  if (!on_) return;
  std::cerr << '\r' << text << "\x1b[K" << std::flush;
  shown_ = true;
  next_ = std::chrono::steady_clock::now() + kProgressInterval;
}

void Progress::clear() {
  if (!shown_) return;
  std::cerr << "\r\x1b[K" << std::flush;
  shown_ = false;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string printable(std::string_view text) { return text::printable(text, text::Layout::tabs); }

std::string printable_lines(std::string_view text) { return text::printable(text, text::Layout::lines); }

}  // namespace dispytch::cli
