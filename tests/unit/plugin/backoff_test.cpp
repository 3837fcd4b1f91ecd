#include <dispytch/plugin/backoff.hpp>

#include <chrono>
#include <set>

#include <gtest/gtest.h>

namespace {

using dispytch::plugin::Backoff;
using std::chrono::milliseconds;

TEST(Backoff, DoublesItsRangeUpToTheLongestPause) {
  Backoff backoff{milliseconds{100}, milliseconds{1000}, 1};
  for (const int range : {100, 200, 400, 800, 1000, 1000}) {
    const milliseconds pause = backoff.next();
    EXPECT_GE(pause, milliseconds{range / 2});
    EXPECT_LE(pause, milliseconds{range});
  }
}

TEST(Backoff, BeginsAgainWhereAnAttemptSucceeded) {
  Backoff backoff{milliseconds{100}, milliseconds{10'000}, 1};
  for (int i = 0; i < 8; ++i) backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds{100});
}

TEST(Backoff, KeepsClientsApart) {
  std::set<milliseconds> pauses;
  for (unsigned seed = 0; seed < 20; ++seed) {
    Backoff backoff{milliseconds{1000}, milliseconds{1000}, seed};
    backoff.next();
    pauses.insert(backoff.next());
  }
  EXPECT_GT(pauses.size(), 10U);
}

TEST(Backoff, NeverPausesForNothing) {
  Backoff backoff{milliseconds{0}, milliseconds{0}, 1};
  EXPECT_EQ(backoff.next(), milliseconds{1});
}

}  // namespace
