#include "cli/pacer.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>

#include "cli/command.hpp"

namespace dispytch::cli {

double parse_rate(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string unit = slash == std::string::npos ? "" : text.substr(slash + 1);
  const double seconds = unit == "s" ? 1 : unit == "m" || unit == "min" ? 60 : unit == "h" ? 3600 : 0;
  double count = 0;
  const char* const count_end = text.data() + std::min(slash, text.size());
  const auto [end, problem] = std::from_chars(text.data(), count_end, count);
  if (seconds > 0 && problem == std::errc{} && end == count_end && count > 0 && count <= 1e9) return count / seconds;
  throw UsageError{"--rate: expected so many a second, minute or hour, such as 100/s or 20/min, found \"" + text + "\""};
}

bool Pacer::wait(const std::stop_token& stop) {
  const Clock::time_point now = Clock::now();
  due_ = std::max(due_, now);  // what was missed isn't made up for
  if (due_ > now) {
    std::mutex mutex;
    std::condition_variable_any pause;
    std::unique_lock lock{mutex};
    pause.wait_until(lock, stop, due_, [] { return false; });
  }
  due_ += std::chrono::duration_cast<Clock::duration>(interval_);
  return !stop.stop_requested();
}

}  // namespace dispytch::cli
