#include "delay_board.hpp"

#include <sstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace flights {
namespace {

std::string csv(const DelayBoard& board) {
  std::ostringstream out;
  board.write_csv(out);
  return out.str();
}

TEST(DelayBoard, WritesCarriersInOrderWithThreeDecimals) {
  DelayBoard board;
  board.count("UA", 2);
  board.count("AA", -3);
  board.count("UA", 3);
  board.count("UA", 3);
  board.cancelled("UA");
  EXPECT_EQ(csv(board), "carrier,departures,cancelled,mean_delay_minutes\nAA,1,0,-3.000\nUA,3,1,2.667\n");
}

TEST(DelayBoard, LeavesTheMeanEmptyWhereNothingDeparted) {
  DelayBoard board;
  board.cancelled("OO");
  EXPECT_EQ(csv(board), "carrier,departures,cancelled,mean_delay_minutes\nOO,0,1,\n");
}

TEST(DelayBoard, QuotesACarrierThatWouldBreakTheFile) {
  DelayBoard board;
  board.cancelled("a,\"b\"");
  EXPECT_EQ(csv(board), "carrier,departures,cancelled,mean_delay_minutes\n\"a,\"\"b\"\"\",0,1,\n");
}

TEST(DelayBoard, CountsFromSeveralThreads) {
  DelayBoard board;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int flight = 0; flight < 1000; ++flight) board.count("UA", 1);
      });
    }
  }
  EXPECT_EQ(board.departures("UA"), 4000);
  EXPECT_EQ(board.snapshot().at("UA").delay_minutes, 4000);
  EXPECT_EQ(board.departures("DL"), 0);
}

}  // namespace
}  // namespace flights
