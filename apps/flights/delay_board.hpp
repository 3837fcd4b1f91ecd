// The numbers on the board: departures, cancellations and mean departure delay for each carrier.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace flights {

/// Counts flights by carrier. All functions: any thread; they block only for each other.
class DelayBoard {
 public:
  struct Carrier {
    std::int64_t departures = 0;
    std::int64_t cancelled = 0;
    std::int64_t delay_minutes = 0;  ///< the sum over all departures; early ones count negative

    /// 0 where nothing departed.
    double mean_delay_minutes() const noexcept;
  };

  void count(std::string_view carrier, int delay_minutes);
  void cancelled(std::string_view carrier);

  std::int64_t departures(std::string_view carrier) const;

  /// A consistent copy, sorted by carrier.
  std::map<std::string, Carrier, std::less<>> snapshot() const;

  /// carrier,departures,cancelled,mean_delay_minutes with three decimals, sorted by carrier; the mean is empty where nothing departed.
  void write_csv(std::ostream& out) const;

 private:
  Carrier& at(std::string_view carrier);

  mutable std::mutex mutex_;  // guards carriers_
  std::map<std::string, Carrier, std::less<>> carriers_ = {};
};

}  // namespace flights
