#include "delay_board.hpp"

#include <cstdint>
#include <cstdio>
#include <ostream>

namespace flights {
namespace {

// A carrier is a code of two letters, but the topic may hold anything.
std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string{text};
  std::string quoted = "\"";
  for (const char character : text) quoted += character == '"' ? std::string{"\"\""} : std::string{character};
  return quoted + '"';
}

}  // namespace

double DelayBoard::Carrier::mean_delay_minutes() const noexcept {
  return departures == 0 ? 0 : static_cast<double>(delay_minutes) / static_cast<double>(departures);
}

void DelayBoard::count(std::string_view carrier, int delay_minutes) {
  const std::lock_guard lock{mutex_};
  Carrier& counts = at(carrier);
  ++counts.departures;
  counts.delay_minutes += delay_minutes;
}

void DelayBoard::cancelled(std::string_view carrier) {
  const std::lock_guard lock{mutex_};
  ++at(carrier).cancelled;
}

std::int64_t DelayBoard::departures(std::string_view carrier) const {
  const std::lock_guard lock{mutex_};
  const auto found = carriers_.find(carrier);
  return found == carriers_.end() ? 0 : found->second.departures;
}

std::map<std::string, DelayBoard::Carrier, std::less<>> DelayBoard::snapshot() const {
  const std::lock_guard lock{mutex_};
  return carriers_;
}

void DelayBoard::write_csv(std::ostream& out) const {
  out << "carrier,departures,cancelled,mean_delay_minutes\n";
  for (const auto& [carrier, counts] : snapshot()) {
    char mean[32] = "";
    if (counts.departures > 0) std::snprintf(mean, sizeof mean, "%.3f", counts.mean_delay_minutes());
    out << csv_field(carrier) << ',' << counts.departures << ',' << counts.cancelled << ',' << mean << '\n';
  }
}

DelayBoard::Carrier& DelayBoard::at(std::string_view carrier) {
  const auto found = carriers_.find(carrier);
  return found != carriers_.end() ? found->second : carriers_.emplace(carrier, Carrier{}).first->second;
}

}  // namespace flights
