#include "listen/batch_store.hpp"

#include <gmock/gmock.h>

#include "listen/describe.hpp"
#include "unit/listen/parts.hpp"

namespace dispytch::listen {
namespace {

TEST(BatchStore, KeepsABatchAsLongAsAMessagePointsIntoIt) {
  Parts parts{idle_group()};
  inflight::Item& item = parts.arrive("a");
  ASSERT_NE(item.batch, nullptr);
  inflight::SharedBatch& batch = *item.batch;
  EXPECT_EQ(batch.users, 1);
  parts.in_flight.batches().release(item);
  EXPECT_EQ(batch.users, 0);
  EXPECT_EQ(batch.serial, 0) << "it is free";
}

TEST(BatchStore, AMessageThatIsCopiedOutPinsNothing) {
  Parts parts{idle_group()};
  inflight::Item& item = parts.arrive("a");
  const dispytch_message* const lent = item.raw;
  parts.in_flight.batches().copy_out(item);
  EXPECT_EQ(item.batch, nullptr);
  EXPECT_NE(item.raw, lent);
  EXPECT_EQ(message_of(item, *parts.consumer).key(), "a");
  parts.in_flight.batches().copy_out(item);  // does nothing
  EXPECT_EQ(message_of(item, *parts.consumer).key(), "a");
}

TEST(BatchStore, WhatStandsBehindAWaitingMessageIsCopiedToo) {
  Parts parts{idle_group()};
  inflight::Item& first = parts.arrive("a");
  inflight::Item& second = parts.arrive("a");
  parts.begin(first);
  parts.in_flight.lanes().returned(first);
  parts.in_flight.wait(first);
  EXPECT_EQ(first.batch, nullptr);
  EXPECT_EQ(second.batch, nullptr);
}

TEST(BatchStore, AMessageThatComesIntoABlockedLaneIsCopiedAtOnce) {
  Parts parts{idle_group()};
  inflight::Item& first = parts.arrive("a");
  parts.begin(first);
  parts.in_flight.lanes().returned(first);
  parts.in_flight.wait(first);
  EXPECT_EQ(parts.arrive("a").batch, nullptr);
  EXPECT_NE(parts.arrive("b").batch, nullptr);
}

TEST(BatchStore, TheOldestOfManyBatchesKeepNoMessageThatHasNotBegun) {
  Parts parts{idle_group()};
  std::vector<inflight::Item*> items;
  for (int i = 0; i < 33; ++i) {
    items.push_back(&parts.arrive("key " + std::to_string(i)));
    BatchStore::track(*items.back());
    parts.in_flight.batches().keep(*items.back()->batch);
  }
  EXPECT_EQ(items.front()->batch, nullptr);
  EXPECT_NE(items[1]->batch, nullptr);
  EXPECT_NE(items.back()->batch, nullptr);
}

TEST(BatchStore, AMessageThatRunsStaysWhereItLies) {
  Parts parts{idle_group()};
  inflight::Item& running = parts.arrive("running");
  BatchStore::track(running);
  parts.begin(running);
  parts.in_flight.batches().keep(*running.batch);
  for (int i = 0; i < 33; ++i) {
    inflight::Item& item = parts.arrive("key " + std::to_string(i));
    BatchStore::track(item);
    parts.in_flight.batches().keep(*item.batch);
  }
  EXPECT_NE(running.batch, nullptr) << "its worker looks into it";
}

}  // namespace
}  // namespace dispytch::listen
