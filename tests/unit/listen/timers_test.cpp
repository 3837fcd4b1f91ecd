#include "listen/timers.hpp"

#include <gtest/gtest.h>

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;

struct Entry {
  std::chrono::nanoseconds when;
  int what;
};

TEST(Timers, GiveTheEarliestFirstAndOnlyWhatIsDue) {
  Timers<Entry> timers;
  EXPECT_EQ(timers.next(), std::nullopt);
  timers.push({30ns, 3});
  timers.push({10ns, 1});
  timers.push({20ns, 2});
  EXPECT_EQ(timers.next(), 10ns);
  EXPECT_FALSE(timers.take_due(9ns));
  EXPECT_EQ(timers.take_due(25ns)->what, 1);
  EXPECT_EQ(timers.take_due(25ns)->what, 2);
  EXPECT_FALSE(timers.take_due(25ns));
  EXPECT_EQ(timers.next(), 30ns);
}

TEST(Timers, ForgetWhatMeansNothingAnyMoreBeforeItIsMany) {
  Timers<Entry> timers;
  for (int i = 0; i < 100'000; ++i) {
    timers.push({std::chrono::nanoseconds{1'000'000 - i}, i});
    timers.prune(10, [i](const Entry& entry) { return entry.what > i - 10; });
    ASSERT_LE(timers.size(), 10U * 2 + 257);
  }
  timers.prune(0, [](const Entry&) { return true; });
  EXPECT_EQ(timers.take_due(2'000'000ns)->what, 99'999) << "and keeps the order of the others";
}

}  // namespace
}  // namespace dispytch::listen
