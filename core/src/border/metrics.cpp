#include "border/metrics.hpp"

#include <algorithm>
#include <cstdint>

#include <dispytch/plugin/abi.h>

namespace dispytch::border {

static_assert(static_cast<int>(MetricKind::counter) == DISPYTCH_METRIC_COUNTER);
static_assert(static_cast<int>(MetricKind::gauge) == DISPYTCH_METRIC_GAUGE);
static_assert(static_cast<int>(MetricKind::histogram) == DISPYTCH_METRIC_HISTOGRAM);

std::uint32_t MetricRegistry::declare(std::uint32_t kind, std::string_view name, std::string_view unit) {
  if (kind < DISPYTCH_METRIC_COUNTER || kind > DISPYTCH_METRIC_HISTOGRAM) return 0;
  const Lock lock{mutex_};
  const auto same = std::find_if(metrics_.begin(), metrics_.end(), [&](const Metric& metric) { return metric.name == name; });
  if (same != metrics_.end()) return static_cast<std::uint32_t>(same - metrics_.begin()) + 1;
  if (metrics_.size() == kCapacity) return 0;
  Metric& metric = metrics_.emplace_back();
  metric.kind = static_cast<MetricKind>(kind);
  metric.name = name;
  metric.unit = unit;
  const std::size_t id = metrics_.size();
  by_id_[id - 1].store(&metric, std::memory_order_release);
  return static_cast<std::uint32_t>(id);
}

void MetricRegistry::record(std::uint32_t id, double value) noexcept {
  if (id == 0 || id > kCapacity) return;
  Metric* metric = by_id_[id - 1].load(std::memory_order_acquire);
  if (metric == nullptr) return;
  if (metric->kind == MetricKind::gauge) {
    metric->value.store(value, std::memory_order_relaxed);
  } else {
    metric->value.fetch_add(value, std::memory_order_relaxed);
  }
  metric->count.fetch_add(1, std::memory_order_relaxed);
}

std::vector<MetricValue> MetricRegistry::snapshot() const {
  const Lock lock{mutex_};
  std::vector<MetricValue> all;
  all.reserve(metrics_.size());
  for (const Metric& metric : metrics_) {
    all.push_back({.kind = metric.kind,
                   .name = metric.name,
                   .unit = metric.unit,
                   .value = metric.value.load(std::memory_order_relaxed),
                   .count = metric.count.load(std::memory_order_relaxed)});
  }
  return all;
}

}  // namespace dispytch::border
