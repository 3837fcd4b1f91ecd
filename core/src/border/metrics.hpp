// The numbers that a plugin records, kept in memory for whoever wants to read them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"

namespace dispytch::border {

enum class MetricKind : std::uint8_t { counter = 1, gauge = 2, histogram = 3 };  // the values are DISPYTCH_METRIC_*

struct MetricValue {
  MetricKind kind = MetricKind::counter;
  std::string name = {};
  std::string unit = {};
  double value = 0;         ///< counter: the sum; gauge: the last; histogram: the sum of what was observed
  std::uint64_t count = 0;  ///< how often it was recorded
};

/// Metrics of one opened backend. Any thread; record() takes no lock.
class MetricRegistry {
 public:
  /// The id for record(), the same for the same name. 0, which record() ignores, for an unknown kind and beyond kCapacity.
  std::uint32_t declare(std::uint32_t kind, std::string_view name, std::string_view unit);
  void record(std::uint32_t id, double value) noexcept;
  std::vector<MetricValue> snapshot() const;

  static constexpr std::size_t kCapacity = 1024;

 private:
  struct Metric {
    MetricKind kind;
    std::string name, unit;
    std::atomic<double> value{0};
    std::atomic<std::uint64_t> count{0};
  };
  mutable Mutex mutex_;
  std::deque<Metric> metrics_ DISPYTCH_GUARDED_BY(mutex_) = {};  // its elements stay where they are, and are read without the mutex
  std::array<std::atomic<Metric*>, kCapacity> by_id_ = {};
};

}  // namespace dispytch::border
