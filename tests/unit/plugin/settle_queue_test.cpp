#include <dispytch/plugin/settle_queue.hpp>

#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace {

using Queue = dispytch::plugin::SettleQueue<int>;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SettleQueue, GivesTheOldestFirst) {
  Queue queue;
  for (int i = 1; i <= 5; ++i) queue.push(i);
  EXPECT_EQ(queue.take(2), (std::vector{1, 2}));
  EXPECT_EQ(queue.take(9), (std::vector{3, 4, 5}));
  EXPECT_EQ(queue.take(9), (std::vector<int>{}));
  EXPECT_FALSE(queue.has_more());
  EXPECT_EQ(queue.size(), 5U);
  queue.done(5);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(SettleQueue, GivesWhatIsNotDoneWithAgainAfterABreak) {
  Queue queue;
  for (int i = 1; i <= 4; ++i) queue.push(i);
  queue.take(3);
  queue.done(1);
  queue.take_again();
  EXPECT_TRUE(queue.has_more());
  EXPECT_EQ(queue.take(9), (std::vector{2, 3, 4}));
}

TEST(SettleQueue, SyncWaitsForWhatWasPushedBefore) {
  Queue queue;
  EXPECT_EQ(queue.sync(milliseconds{0}).code(), DISPYTCH_OK);
  queue.push(1);
  EXPECT_EQ(queue.sync(milliseconds{0}).code(), DISPYTCH_TIMEOUT);
  std::jthread sender{[&] {
    queue.take(1);
    queue.done(1);
  }};
  EXPECT_EQ(queue.sync(seconds{60}).code(), DISPYTCH_OK);
  queue.push(2);
  EXPECT_EQ(queue.sync(milliseconds{0}).code(), DISPYTCH_TIMEOUT) << "pushed since";
}

TEST(SettleQueue, CloseEndsEveryWait) {
  Queue queue;
  queue.push(1);
  std::jthread closer{[&] { queue.close(); }};
  EXPECT_EQ(queue.sync(seconds{60}).code(), DISPYTCH_TIMEOUT);
  closer.join();
  queue.push(2);
  EXPECT_EQ(queue.size(), 1U) << "a closed queue keeps nothing new";
}

}  // namespace
