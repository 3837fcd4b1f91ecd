#include "app/farewell.hpp"

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace dispytch::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kSlice{100};   // between two looks whether the end was asked for
constexpr milliseconds kSlack{5000};  // beyond an emitter's timeout: clients look for what is overdue at intervals
constexpr milliseconds kLeast{1000};  // also where listeners have taken all of the time

}  // namespace

std::size_t bid_farewell(const std::map<std::string, std::shared_ptr<detail::EmitterCore>>& emitters, Farewell farewell) {
  const auto now = [] { return system_clock().monotonic(); };
  const nanoseconds begin = now();
  std::map<std::string, std::uint64_t> failed_before;
  for (const auto& [name, emitter] : emitters) failed_before[name] = emitter->failed();
  const auto time_is_over = [&](const std::string& name) {
    if (!farewell.asked && farewell.stop.stop_requested()) farewell.asked = now();
    if (farewell.asked) return now() >= std::max(*farewell.asked + farewell.patience, begin + kLeast);
    return now() >= begin + farewell.timeouts.at(name) + kSlack;
  };

  std::size_t left = 0;
  for (const auto& [name, emitter] : emitters) {
    for (Result<void> flushed = emitter->flush(kSlice); !flushed; flushed = emitter->flush(kSlice)) {
      if (flushed.error().code == ErrorCode::timeout && !time_is_over(name)) continue;
      if (flushed.error().code != ErrorCode::timeout) log::error("emitter." + name, flushed.error().text);
      emitter->hurry();
      break;
    }
    left += emitter->failed() - failed_before[name] + emitter->unanswered();
  }
  return left;
}

}  // namespace dispytch::app
