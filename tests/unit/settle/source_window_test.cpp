#include "settle/source_window.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace dispytch::settle {
namespace {

TEST(SourceWindow, HasNoMarkBeforeSomethingIsFinished) {
  SourceWindow window{64};
  window.arrive(101);
  EXPECT_EQ(window.take_mark(), std::nullopt);
}

TEST(SourceWindow, MarksTheLastOfAFinishedRun) {
  SourceWindow window{64};
  const auto first = window.arrive(101);
  const auto second = window.arrive(102);
  window.arrive(103);
  window.finish(first);
  window.finish(second);
  EXPECT_EQ(window.take_mark(), 102);
  EXPECT_EQ(window.take_mark(), std::nullopt) << "a mark is told once";
}

TEST(SourceWindow, KeepsTheLowWaterMarkWhenFinishedOutOfOrder) {
  SourceWindow window{64};
  const auto first = window.arrive(101);
  const auto second = window.arrive(102);
  const auto third = window.arrive(103);
  window.finish(third);
  window.finish(second);
  EXPECT_EQ(window.take_mark(), std::nullopt) << "the first is unfinished";
  window.finish(first);
  EXPECT_EQ(window.take_mark(), 103);
}

TEST(SourceWindow, TokensMayHaveGapsOfAnySize) {
  SourceWindow window{64};
  window.finish(window.arrive(7));
  window.finish(window.arrive(1'000'000'007));
  EXPECT_EQ(window.take_mark(), 1'000'000'007);
}

TEST(SourceWindow, GrowsSoThatNothingThatArrivedIsRefused) {
  SourceWindow window{64};
  std::vector<std::uint64_t> ordinals;
  for (std::uint64_t token = 1; token <= 50; ++token) window.finish(window.arrive(token));  // so that it doesn't begin at the ring's start
  EXPECT_EQ(window.take_mark(), 50);
  for (std::uint64_t token = 51; token <= 1050; ++token) ordinals.push_back(window.arrive(token));
  EXPECT_EQ(window.span(), 1000);
  std::for_each(ordinals.begin() + 1, ordinals.end(), [&](std::uint64_t ordinal) { window.finish(ordinal); });
  EXPECT_EQ(window.take_mark(), std::nullopt);
  EXPECT_EQ(window.span(), 1000) << "one stuck message pins the span";
  window.finish(ordinals.front());
  while (window.take_mark()) {}
  EXPECT_EQ(window.span(), 0);
}

// The window against the plain definition, over random finishing orders and many turns of the ring.
TEST(SourceWindow, AgreesWithTheDefinitionForRandomOrders) {
  std::mt19937_64 random{20130101};
  SourceWindow window{128};
  std::set<std::uint64_t> unfinished;
  std::uint64_t arrived = 0;
  std::uint64_t mark = 0;
  for (int step = 0; step < 200'000; ++step) {
    if (window.span() < 300 && random() % 2 == 0) {
      unfinished.insert(window.arrive(++arrived));
    } else if (!unfinished.empty()) {
      const auto position = random() % std::min<std::size_t>(unfinished.size(), 5);
      const auto chosen = random() % 16 == 0 ? std::prev(unfinished.end()) : std::next(unfinished.begin(), static_cast<long>(position));
      window.finish(*chosen);
      unfinished.erase(chosen);
    }
    if (random() % 8 == 0) mark = window.take_mark().value_or(mark);
    const std::uint64_t lowest = unfinished.empty() ? arrived : *unfinished.begin();  // ordinals are tokens less one
    ASSERT_LE(mark, lowest) << "marked beyond an unfinished message at step " << step;
    if (random() % 64 == 0) {
      mark = window.take_mark().value_or(mark);
      ASSERT_EQ(mark, lowest) << "the mark lags at step " << step;
    }
  }
}

}  // namespace
}  // namespace dispytch::settle
