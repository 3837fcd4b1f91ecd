// What the board must show, computed from the input by awk: nothing of the application has a part in it.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/process.hpp"

namespace flights {

inline const std::string kInput = FLIGHTS_DATA "/flights-2013-01-first-five-days.csv";

inline std::string awk(const std::string& program, const std::string& file = kInput) {
  const dispytch::testing::Finished finished = dispytch::testing::run({"env", "LC_ALL=C", "awk", "-F,", program, file});
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  return finished.output;
}

/// carrier,departures,cancelled,mean_delay_minutes of all carriers.
inline std::string true_board(const std::string& file = kInput) {
  return "carrier,departures,cancelled,mean_delay_minutes\n" +
         awk(R"(NR > 1 { seen[$10]; if ($4 == "NA") cancelled[$10]++; else { departures[$10]++; delay[$10] += $6 } }
                END { for (c in seen) printf "%s,%d,%d,%s\n", c, departures[c], cancelled[c],
                      departures[c] ? sprintf("%.3f", delay[c] / departures[c]) : "" | "LC_ALL=C sort" })",
             file);
}

/// By tail number: what happens to that aircraft, in the order of the input; "departed UA 1545 EWR" or "cancelled ...".
using Histories = std::map<std::string, std::vector<std::string>>;

inline Histories histories(const std::string& lines) {
  Histories all;
  std::istringstream in{lines};
  for (std::string line; std::getline(in, line);) {
    const std::size_t space = line.find(' ');
    all[line.substr(0, space)].push_back(line.substr(space + 1));
  }
  return all;
}

inline Histories true_histories() {
  return histories(awk(R"(NR > 1 && $12 != "NA" { print $12, $4 == "NA" ? "cancelled" : "departed", $10, $11, $13 })"));
}

}  // namespace flights
