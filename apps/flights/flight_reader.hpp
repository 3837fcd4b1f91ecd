// Turns the rows of the flights file into events.
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "csv.hpp"
#include "events.hpp"

namespace flights {

/// Reads flights in the columns of nycflights13, in which `NA` stands for a missing value. One thread.
class FlightReader {
 public:
  /// `in` outlives the reader; `name` is the file's, for errors. Throws std::runtime_error where a column is missing.
  FlightReader(std::istream& in, std::string name);

  /// The next row: cancelled where it has no departure time, else departed; nullopt at the end of the file.
  /// Throws std::runtime_error with `name:line: what` for a row that is neither.
  std::optional<std::variant<FlightDeparted, FlightCancelled>> next();

 private:
  std::string_view required(std::size_t column, std::string_view name) const;
  std::optional<int> optional_number(std::size_t column, std::string_view name) const;
  int number(std::size_t column, std::string_view name) const;

  CsvReader csv_;
  std::size_t dep_time_, dep_delay_, carrier_, flight_, tailnum_, origin_, dest_, distance_;
};

}  // namespace flights
