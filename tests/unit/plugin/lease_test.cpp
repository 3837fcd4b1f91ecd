#include <dispytch/plugin/lease.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lease_model.hpp"

namespace dispytch::plugin {
namespace {

using namespace std::chrono_literals;

constexpr const char* kKey = "orders.0";

// A clock that a test sets.
struct TestClock {
  std::chrono::nanoseconds time{1h};
  dispytch_clock raw{.size = sizeof(dispytch_clock),
                     .reserved = 0,
                     .context = this,
                     .monotonic_ns = [](void* self) noexcept -> std::int64_t { return static_cast<TestClock*>(self)->time.count(); },
                     .unix_ms = [](void*) noexcept -> std::int64_t { return 0; }};
};

// One store, and members that share one clock.
class LeaseTest : public testing::Test {
 protected:
  bool keep(Lease& lease, LeaseWatch& watch) { return keep_lease(store_, kKey, lease, watch, clock_); }

  TestClock time_;
  std::chrono::nanoseconds asleep_{5s};
  LeaseClock clock_{Clock{&time_.raw}, [this] { return asleep_; }};
  lease_model::Store store_;
  Lease first_{"first", 8s}, second_{"second", 8s};
  LeaseWatch first_watch_, second_watch_;
};

TEST_F(LeaseTest, IsTakenWhereNobodyHasIt) {
  EXPECT_TRUE(keep(first_, first_watch_));
  EXPECT_EQ(store_.read(kKey).owner, "first");
  EXPECT_EQ(first_.record().epoch, 1u);
  EXPECT_FALSE(keep(second_, second_watch_));
}

TEST_F(LeaseTest, StaysWithAnOwnerThatRenewsIt) {
  keep(first_, first_watch_);
  for (int i = 0; i < 10; ++i) {
    time_.time += 3s;
    EXPECT_TRUE(keep(first_, first_watch_));
    EXPECT_FALSE(keep(second_, second_watch_));
  }
  EXPECT_EQ(store_.read(kKey).renewals, 10u);
  EXPECT_EQ(store_.read(kKey).epoch, 1u);
}

TEST_F(LeaseTest, IsNotRenewedBeforeThatIsDue) {
  keep(first_, first_watch_);
  time_.time += 2s;
  EXPECT_TRUE(keep(first_, first_watch_));
  EXPECT_EQ(store_.read(kKey).renewals, 0u);
}

TEST_F(LeaseTest, IsTakenOverOnceItsOwnerWasSilentForItsTime) {
  keep(first_, first_watch_);
  keep(second_, second_watch_);  // watches from here on
  time_.time += 7s + 999ms;
  EXPECT_FALSE(keep(second_, second_watch_));
  time_.time += 1ms;
  EXPECT_TRUE(keep(second_, second_watch_));
  EXPECT_EQ(store_.read(kKey).epoch, 2u);
}

TEST_F(LeaseTest, IsWatchedForItsWholeTimeBySomebodyNewThatDoesntKnowWhenItWasRenewed) {
  keep(first_, first_watch_);
  time_.time += 1h;
  EXPECT_FALSE(keep(second_, second_watch_));
  time_.time += 8s;
  EXPECT_TRUE(keep(second_, second_watch_));
}

TEST_F(LeaseTest, LastsAsLongAsItsOwnerSaysNotAsTheOneWhoWatches) {
  Lease patient{"patient", 60s};
  LeaseWatch watch;
  EXPECT_TRUE(keep(patient, watch));
  keep(first_, first_watch_);
  time_.time += 59s;
  EXPECT_FALSE(keep(first_, first_watch_));
  time_.time += 1s;
  EXPECT_TRUE(keep(first_, first_watch_));
}

TEST_F(LeaseTest, EndsForItsOwnerBeforeOthersMayTakeIt) {
  keep(first_, first_watch_);
  keep(second_, second_watch_);
  time_.time += 7s;
  EXPECT_FALSE(first_.holds(clock_.now()));
  EXPECT_FALSE(keep(second_, second_watch_));
}

TEST_F(LeaseTest, CountsFromWhenTheStoreWasAskedNotFromItsAnswer) {
  store_.on_write = [&] { time_.time += 7s; };
  EXPECT_FALSE(keep(first_, first_watch_)) << "the answer came when the lease was over";
  EXPECT_EQ(store_.read(kKey).owner, "first");
}

TEST_F(LeaseTest, EndsWhileTheMachineSleeps) {
  keep(first_, first_watch_);
  asleep_ += 8s;  // CLOCK_MONOTONIC has stood still
  EXPECT_FALSE(first_.holds(clock_.now()));
}

TEST_F(LeaseTest, OfAStoppedOwnerIsFencedWhenItGoesOn) {
  keep(first_, first_watch_);
  const LeaseRecord stale = first_.record();
  keep(second_, second_watch_);
  time_.time += 8s;
  ASSERT_TRUE(keep(second_, second_watch_));
  EXPECT_FALSE(first_.holds(clock_.now()));
  EXPECT_FALSE(store_.write(kKey, stale));
  EXPECT_TRUE(store_.write(kKey, second_.record()));
  EXPECT_FALSE(keep(first_, first_watch_));
  EXPECT_FALSE(first_.is_granted()) << "it knows that it has lost it";
}

TEST_F(LeaseTest, GoesOnWhereItsOwnerWasStoppedAndNobodyTookIt) {
  keep(first_, first_watch_);
  time_.time += 1h;
  EXPECT_FALSE(first_.holds(clock_.now()));
  EXPECT_TRUE(keep(first_, first_watch_));
  EXPECT_EQ(first_.record().epoch, 1u) << "nobody else has had it, so that nothing has to be fenced";
}

TEST_F(LeaseTest, IsFreeAtOnceWhereItsOwnerGivesItUp) {
  keep(first_, first_watch_);
  keep(second_, second_watch_);
  const LeaseRecord stale = first_.record();
  release_lease(store_, kKey, first_);
  EXPECT_FALSE(first_.holds(clock_.now()));
  EXPECT_TRUE(keep(second_, second_watch_));
  EXPECT_EQ(second_.record().epoch, 2u);
  EXPECT_FALSE(store_.write(kKey, stale));
}

TEST_F(LeaseTest, ThatSomebodyElseHasByNowIsNotGivenUpForThem) {
  keep(first_, first_watch_);
  keep(second_, second_watch_);
  time_.time += 8s;
  keep(second_, second_watch_);
  release_lease(store_, kKey, first_);
  EXPECT_EQ(store_.read(kKey).owner, "second");
}

TEST_F(LeaseTest, IsTakenAtOnceByAMemberOfTheSameNameThatStartsAgain) {
  keep(first_, first_watch_);
  Lease again{"first", 8s};
  LeaseWatch watch;
  EXPECT_TRUE(keep(again, watch));
  EXPECT_EQ(again.record().epoch, 2u);
  EXPECT_FALSE(store_.write(kKey, first_.record())) << "the one before may still run";
}

TEST_F(LeaseTest, IsTakenAnewWhereNobodyKnowsWhetherItWasTaken) {
  store_.answers = false;  // and carries it out
  EXPECT_THROW(keep(first_, first_watch_), std::runtime_error);
  EXPECT_FALSE(first_.holds(clock_.now()));
  store_.answers = true;
  EXPECT_TRUE(keep(first_, first_watch_));
  EXPECT_EQ(first_.record().epoch, 2u);
}

TEST_F(LeaseTest, OutlivesARenewalWhoseAnswerNeverCame) {
  keep(first_, first_watch_);
  time_.time += 3s;
  store_.answers = false;
  EXPECT_THROW(keep(first_, first_watch_), std::runtime_error);
  store_.answers = true;
  EXPECT_TRUE(keep(first_, first_watch_)) << "its time is that of the last renewal that was answered";
  EXPECT_EQ(store_.read(kKey).renewals, 1u);
  EXPECT_TRUE(keep(first_, first_watch_));
  EXPECT_EQ(store_.read(kKey).renewals, 2u);
  EXPECT_EQ(first_.record().epoch, 1u);
}

TEST(LeaseClock, FollowsTheHosts) {
  TestClock time;
  const LeaseClock clock{Clock{&time.raw}};
  const LeaseTime before = clock.now();
  time.time += 10s;
  // The machine sleeps for no hour while this test runs; the two clocks that say so are read one after the other.
  EXPECT_GE(clock.now(), before + 10s - 1s);
  EXPECT_LT(clock.now(), before + 10s + 1h);
}

// ---- the model: members that stop, die and come back, with clocks that run unevenly, over a store that fails and answers late ----

class LeaseModel : public testing::TestWithParam<std::uint32_t> {};

TEST_P(LeaseModel, NeverLetsTwoActAndAlwaysFindsAnOwner) {
  for (std::uint32_t seed = GetParam() * 50; seed < GetParam() * 50 + 50; ++seed) {
    const lease_model::Findings findings = lease_model::run<lease_model::Real>(seed);
    EXPECT_EQ(findings.two_at_once, 0u) << "seed " << seed;
    EXPECT_EQ(findings.stale_writes, 0u) << "seed " << seed;
    EXPECT_EQ(findings.unowned_too_long, 0u) << "seed " << seed;
    EXPECT_GT(findings.take_overs, 0u) << "seed " << seed << ": a schedule in which nothing happens shows nothing";
  }
}
INSTANTIATE_TEST_SUITE_P(Schedules, LeaseModel, testing::Range(0u, 10u));

// Each rule of a lease left out is found, by one of three hundred schedules.
template <class Rules>
bool is_found(std::size_t lease_model::Findings::*finding) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    if (lease_model::run<Rules>(seed).*finding > 0) return true;
  }
  return false;
}

using lease_model::Findings;

TEST(LeaseModelFinds, AnOwnerThatCountsFromTheAnswer) { EXPECT_TRUE(is_found<lease_model::CountsFromTheAnswer>(&Findings::two_at_once)); }
TEST(LeaseModelFinds, AnOwnerThatStopsNoSoonerThanOthersStart) { EXPECT_TRUE(is_found<lease_model::StopsLate>(&Findings::two_at_once)); }
TEST(LeaseModelFinds, AnOwnerThatTrustsWhatItKnew) { EXPECT_TRUE(is_found<lease_model::NeverStops>(&Findings::two_at_once)); }
TEST(LeaseModelFinds, OneThatTakesWhatIsStillRenewed) { EXPECT_TRUE(is_found<lease_model::TakesTooSoon>(&Findings::two_at_once)); }
TEST(LeaseModelFinds, AStoreThatDoesntLookAtTheEpoch) { EXPECT_TRUE(is_found<lease_model::NoFencing>(&Findings::stale_writes)); }
TEST(LeaseModelFinds, ATakeOverThatLeavesTheEpoch) { EXPECT_TRUE(is_found<lease_model::SameEpoch>(&Findings::stale_writes)); }
TEST(LeaseModelFinds, OneThatNeverTakesOver) { EXPECT_TRUE(is_found<lease_model::NeverTakesOver>(&Findings::unowned_too_long)); }

}  // namespace
}  // namespace dispytch::plugin
