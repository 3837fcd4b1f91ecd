#include "board_display.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <system_error>

namespace flights {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{200};

bool on_terminal() { return isatty(STDOUT_FILENO) != 0; }

// Throws std::system_error. The rename makes the new content appear at once: a reader never sees half of it.
void save(const DelayBoard& board, const std::string& file) {
  const std::string partial = file + ".partial";
  errno = 0;
  std::ofstream out{partial};
  board.write_csv(out);
  out.close();
  if (!out) throw std::system_error{errno, std::generic_category(), partial};
  std::filesystem::rename(partial, file);
}

}  // namespace

void BoardDisplay::start() {
  started_ = true;
  if (on_terminal()) thread_ = std::jthread{[this](std::stop_token stop) { redraw(stop); }};
}

void BoardDisplay::redraw(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopping;
  std::unique_lock lock{mutex};
  while (!stop.stop_requested()) {
    draw(false);
    stopping.wait_for(lock, stop, kRedrawInterval, [] { return false; });
  }
}

int BoardDisplay::finish(int exit_code, const std::string& output) {
  if (!started_) return exit_code;  // --help, --check, a mistake in the config file
  thread_ = {};                     // stops and joins
  if (on_terminal()) draw(true);
  if (exit_code != 0) return exit_code;
  if (!output.empty()) {
    try {
      save(board_, output);
    } catch (const std::system_error& error) {
      std::cerr << "the result can't be written: " << error.what() << '\n';
      return 1;
    }
  } else if (!on_terminal()) {
    board_.write_csv(std::cout);
  }
  return exit_code;
}

void BoardDisplay::draw(bool last) const {
  std::string text = "\x1b[Jcarrier  departures  cancelled  mean delay (min)\n";
  const auto carriers = board_.snapshot();
  for (const auto& [carrier, counts] : carriers) {
    char line[96];
    std::snprintf(line, sizeof line, "%-7.7s  %10lld  %9lld  %16.3f\n", carrier.c_str(), static_cast<long long>(counts.departures),
                  static_cast<long long>(counts.cancelled), counts.mean_delay_minutes());
    text += line;
  }
  if (!last) text += "\x1b[" + std::to_string(carriers.size() + 1) + "A";
  std::cout << text << std::flush;
}

}  // namespace flights
