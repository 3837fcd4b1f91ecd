// The numbers of a listener, for people and for Prometheus: what each is called and means, in one place.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "border/metrics.hpp"
#include "listen/counters.hpp"
#include "listen/lag.hpp"

namespace dispytch::operate {

struct Figure {
  std::string_view name;    ///< of the JSON key, and within the metric's name
  std::string_view metric;  ///< dispytch_..., by the conventions of Prometheus
  std::string_view help;
  bool counts;  ///< it only grows; else it is how many there are now
  listen::Counters::Count listen::Counters::*value;
};

std::span<const Figure> figures() noexcept;

/// What is found by looking, beside what a listener counts.
struct Looked {
  std::uint64_t stuck = 0;  ///< lanes whose first message is unfinished for longer than `stuck_after`; Watch::kMostNamed at most
  double oldest_s = 0;      ///< how long the oldest message is unfinished
  std::uint64_t open_breakers = 0;
  std::vector<listen::Lag> lag = {};  ///< of the sources for which it is known
};

struct NamedCounters {
  std::string_view listener;
  const listen::Counters* counters;
  Looked looked = {};
};

/// What the plugin of a backend records: `bytes_sent` becomes dispytch_backend_bytes_sent_total. It must outlive who is given it.
struct NamedMetrics {
  std::string backend;
  const border::MetricRegistry* metrics;
};

/// The text format 0.0.4 of Prometheus. Any thread.
std::string to_prometheus(const std::vector<NamedCounters>& listeners, const std::vector<NamedMetrics>& backends = {});

}  // namespace dispytch::operate
