#include <cstdint>

#include "policy/gate.hpp"

#include <gtest/gtest.h>

namespace dispytch::policy {
namespace {

using namespace std::chrono_literals;
using Breaker = Gate::Breaker;

Policy breaker(std::uint32_t failures, std::chrono::milliseconds pause) {
  return resolve({.breaker = {.failures = failures, .pause = pause}}, false);
}

TEST(CircuitBreaker, OpensAfterSoManyFailuresInARowOfOneCause) {
  Gate gate{breaker(3, 1s)};
  EXPECT_EQ(gate.failed(0ns, "a"), Breaker::closed);
  EXPECT_EQ(gate.failed(0ns, "b"), Breaker::closed) << "another cause begins anew";
  EXPECT_EQ(gate.failed(0ns, "b"), Breaker::closed);
  EXPECT_FALSE(gate.open());
  EXPECT_FALSE(gate.succeeded()) << "it wasn't open";
  gate.failed(0ns, "b");
  gate.failed(0ns, "b");
  EXPECT_FALSE(gate.open()) << "what went well counts from the beginning";
  EXPECT_EQ(gate.failed(0ns, "b"), Breaker::opens);
  EXPECT_TRUE(gate.open());
  EXPECT_EQ(gate.admit(400ms), 600ms);
}

TEST(CircuitBreaker, LetsOneProbeAtATimePassAndClosesWhenItWorks) {
  Gate gate{breaker(1, 1s)};
  gate.failed(0ns, "a");
  EXPECT_EQ(gate.admit(1s), 0ns);
  EXPECT_GT(gate.admit(1s), 0ns) << "somebody probes";
  EXPECT_TRUE(gate.succeeded());
  EXPECT_FALSE(gate.open());
  EXPECT_EQ(gate.admit(1s), 0ns);
}

TEST(CircuitBreaker, OpensAgainWhenTheProbeFailsWhichUsesUpNoAttempt) {
  Gate gate{breaker(1, 1s)};
  EXPECT_EQ(gate.failed(0ns, "a"), Breaker::opens) << "the failure that opens it is one of the message's own";
  ASSERT_EQ(gate.admit(1s), 0ns);
  EXPECT_EQ(gate.failed(1s, "a"), Breaker::open);
  EXPECT_EQ(gate.admit(1500ms), 500ms);
}

TEST(CircuitBreaker, AProbeThatCameToNothingLetsAnotherPass) {
  Gate gate{breaker(1, 1s)};
  gate.failed(0ns, "a");
  ASSERT_EQ(gate.admit(1s), 0ns);
  gate.withdrew();
  EXPECT_EQ(gate.admit(1s), 0ns);
}

TEST(RateLimit, LetsABurstPassAndThenSoManyASecond) {
  Gate gate{resolve({.rate = {.per_second = 10, .burst = 3}}, false)};
  EXPECT_EQ(gate.admit(0ns), 0ns);
  EXPECT_EQ(gate.admit(0ns), 0ns);
  EXPECT_EQ(gate.admit(0ns), 0ns);
  EXPECT_EQ(gate.admit(0ns), 100ms);
  EXPECT_EQ(gate.admit(100ms), 0ns);
  EXPECT_EQ(gate.admit(100ms), 100ms);
  EXPECT_EQ(gate.admit(10s), 0ns);
  EXPECT_EQ(gate.admit(10s), 0ns);
  EXPECT_EQ(gate.admit(10s), 0ns);
  EXPECT_EQ(gate.admit(10s), 100ms) << "idle time saves up no more than the burst";
}

TEST(RateLimit, ATinyRateIsNoOverflow) {
  Gate gate{resolve({.rate = {.per_second = 1e-300, .burst = 1'000'000}}, false)};
  EXPECT_EQ(gate.admit(0ns), 0ns);
}

TEST(RateLimit, AHugeBurstOfATinyRateIsNoOverflow) {
  constexpr auto kUptime = 24h * 365 * 20;
  Gate gate{resolve({.rate = {.per_second = 1e-300, .burst = 4'294'967'295u}}, false)};
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(gate.admit(kUptime), 0ns);
}

}  // namespace
}  // namespace dispytch::policy
