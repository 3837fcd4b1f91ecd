#include "base/clock.hpp"

#include <cstdint>
#include <ctime>

namespace dispytch {
namespace {

class SystemClock final : public Clock {
 public:
  std::chrono::nanoseconds monotonic() const noexcept override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch());
  }
  std::int64_t unix_ms() const noexcept override {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  }
};

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

}  // namespace dispytch
