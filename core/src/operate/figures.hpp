// The numbers of a listener, for people and for Prometheus: what each is called and means, in one place.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "listen/counters.hpp"

namespace dispytch::operate {

struct Figure {
  std::string_view name;    ///< of the JSON key, and within the metric's name
  std::string_view metric;  ///< dispytch_..., by the conventions of Prometheus
  std::string_view help;
  bool counts;  ///< it only grows; else it is how many there are now
  listen::Counters::Count listen::Counters::*value;
};

std::span<const Figure> figures() noexcept;

struct NamedCounters {
  std::string_view listener;
  const listen::Counters* counters;
};

/// The text format 0.0.4 of Prometheus. Any thread.
std::string to_prometheus(const std::vector<NamedCounters>& listeners);

}  // namespace dispytch::operate
