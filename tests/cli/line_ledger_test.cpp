#include "cli/line_ledger.hpp"

#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace dispytch::cli {
namespace {

TEST(LineLedger, HasNothingToResumeWhereEveryLineIsDoneWith) {
  LineLedger ledger{4};
  EXPECT_EQ(ledger.first_not_done(), 0u);
  ledger.done(ledger.out(1).value());
  EXPECT_EQ(ledger.first_not_done(), 0u);
}

TEST(LineLedger, ResumesAtTheFirstLineThatIsNotDoneWithWhateverCameBehindIt) {
  LineLedger ledger{4};
  const auto first = ledger.out(10).value(), second = ledger.out(12).value(), third = ledger.out(13).value();
  ledger.done(third);
  EXPECT_EQ(ledger.first_not_done(), 10u);
  EXPECT_EQ(ledger.done_behind(), 1u);
  ledger.done(first);
  EXPECT_EQ(ledger.first_not_done(), 12u);
  ledger.done(second);
  EXPECT_EQ(ledger.first_not_done(), 0u);
  EXPECT_EQ(ledger.done_behind(), 0u);
}

TEST(LineLedger, LetsNoFurtherLineOutOnceOneHasToBeSentAgain) {
  LineLedger ledger{4};
  const auto first = ledger.out(1).value(), second = ledger.out(2).value();
  ledger.again(first);
  ledger.done(second);
  EXPECT_EQ(ledger.out(3), std::nullopt);
  EXPECT_EQ(ledger.first_not_done(), 1u);
  EXPECT_EQ(ledger.done_behind(), 1u);
}

TEST(LineLedger, WaitsWhileTheSpanIsFullUntilItsFirstLineIsDoneWith) {
  LineLedger ledger{2};
  const auto first = ledger.out(1).value(), second = ledger.out(2).value();
  auto third = std::async(std::launch::async, [&] { return ledger.out(3); });
  ledger.done(second);
  ledger.done(first);
  ASSERT_TRUE(third.get().has_value());
  EXPECT_EQ(ledger.first_not_done(), 3u);
}

TEST(LineLedger, EndsAWaitWhereALineHasToBeSentAgain) {
  LineLedger ledger{1};
  const auto first = ledger.out(1).value();
  auto second = std::async(std::launch::async, [&] { return ledger.out(2); });
  ledger.again(first);
  EXPECT_EQ(second.get(), std::nullopt);
}

}  // namespace
}  // namespace dispytch::cli
