#include <dispytch/plugin/batch.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace dispytch::plugin {
namespace {

TEST(BatchOut, KeepsTheOwnerOfItsMessagesUntilRelease) {
  auto owner = std::make_shared<std::vector<InboundMessage>>(2);
  (*owner)[1].token = 5;
  BatchOut out;
  out.messages(*owner, owner);
  const dispytch_batch* batch = out.take();
  EXPECT_EQ(batch->kind, static_cast<std::uint32_t>(DISPYTCH_MESSAGES));
  EXPECT_EQ(batch->size, sizeof(dispytch_batch));
  EXPECT_EQ(batch->message_stride, sizeof(dispytch_message));
  EXPECT_EQ(batch->n_messages, 2u);
  EXPECT_EQ(batch->messages[1].token, 5u);
  EXPECT_EQ(owner.use_count(), 2);
  detail::Batch::release(batch);
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(BatchOut, ThatNobodyTakesReleasesItself) {
  auto owner = std::make_shared<std::vector<InboundMessage>>(1);
  { BatchOut{}.messages(*owner, owner); }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(BatchOut, TellsOfSourcesWithBytesOfItsOwn) {
  BatchOut out;
  out.assigned({{.topic = "flights", .source = DISPYTCH_SOURCE(2, 9), .partition = 3, .offset = 10, .high = 12, .meta = "rack a"},
                {.topic = "audit", .source = DISPYTCH_SOURCE(3, 1)}},
               77);
  const dispytch_batch* batch = out.take();
  EXPECT_EQ(batch->kind, static_cast<std::uint32_t>(DISPYTCH_ASSIGNED));
  EXPECT_EQ(batch->event_token, 77u);
  EXPECT_EQ(batch->source_stride, sizeof(dispytch_source));
  ASSERT_EQ(batch->n_sources, 2u);
  const dispytch_source& full = batch->sources[0];
  EXPECT_EQ(view(full.topic), "flights");
  EXPECT_EQ(DISPYTCH_SOURCE_SLOT(full.source), 2u);
  EXPECT_EQ(DISPYTCH_SOURCE_GENERATION(full.source), 9u);
  EXPECT_EQ(full.flags, static_cast<std::uint32_t>(DISPYTCH_SOURCE_PARTITION | DISPYTCH_SOURCE_OFFSET | DISPYTCH_SOURCE_HIGH));
  EXPECT_EQ(full.partition, 3);
  EXPECT_EQ(full.offset, 10);
  EXPECT_EQ(full.high, 12);
  EXPECT_EQ(view(full.meta), "rack a");
  EXPECT_EQ(batch->sources[1].flags, 0u);

  const Source back = detail::source_from(full);
  EXPECT_EQ(back.topic, "flights");
  EXPECT_EQ(back.partition, 3);
  EXPECT_EQ(back.offset, 10);
  EXPECT_EQ(detail::source_from(batch->sources[1]).partition, std::nullopt);
  detail::Batch::release(batch);
}

TEST(BatchOut, TellsHowLongTheBrokerWaitsForARevocation) {
  BatchOut out;
  out.revoking({{.topic = "flights", .source = 1}}, 5, std::chrono::seconds{3});
  const std::unique_ptr<const detail::Batch> batch{static_cast<const detail::Batch*>(out.take())};
  EXPECT_EQ(batch->kind, static_cast<std::uint32_t>(DISPYTCH_REVOKING));
  EXPECT_EQ(batch->deadline_ms, 3000);
  EXPECT_EQ(batch->event_token, 5u);
}

TEST(BatchOut, TellsWhatIsLostAndWhy) {
  BatchOut out;
  out.lost(std::vector<std::uint64_t>{4, 5}, {.code = DISPYTCH_EFENCED, .text = "the lease ran out", .broker_code = 3});
  const std::unique_ptr<const detail::Batch> batch{static_cast<const detail::Batch*>(out.take())};
  EXPECT_EQ(batch->kind, static_cast<std::uint32_t>(DISPYTCH_LOST));
  ASSERT_EQ(batch->n_tokens, 2u);
  EXPECT_EQ(batch->tokens[1], 5u);
  EXPECT_EQ(batch->n_sources, 0u);
  EXPECT_EQ(batch->code, DISPYTCH_EFENCED);
  EXPECT_EQ(batch->broker_code, 3);
  EXPECT_EQ(view(batch->text), "the lease ran out");
}

TEST(BatchOut, LosesEverythingByNamingNothing) {
  BatchOut out;
  out.lost_everything({.code = DISPYTCH_EUNAVAILABLE, .text = "the session ended"});
  const std::unique_ptr<const detail::Batch> batch{static_cast<const detail::Batch*>(out.take())};
  EXPECT_EQ(batch->kind, static_cast<std::uint32_t>(DISPYTCH_LOST));
  EXPECT_EQ(batch->n_tokens + batch->n_sources, 0u);
}

TEST(BatchOut, TellsThatTheBrokerIsDownAndUpAgain) {
  BatchOut down, up;
  down.down({.code = DISPYTCH_EUNAVAILABLE, .text = "no route"});
  up.up();
  const std::unique_ptr<const detail::Batch> first{static_cast<const detail::Batch*>(down.take())};
  const std::unique_ptr<const detail::Batch> second{static_cast<const detail::Batch*>(up.take())};
  EXPECT_EQ(first->kind, static_cast<std::uint32_t>(DISPYTCH_DOWN));
  EXPECT_EQ(first->code, DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(second->kind, static_cast<std::uint32_t>(DISPYTCH_UP));
  EXPECT_EQ(second->code, DISPYTCH_OK);
}

TEST(BatchOut, RefusesASecondBatch) {
  BatchOut out;
  out.up();
  EXPECT_THROW(out.up(), Exception);
}

}  // namespace
}  // namespace dispytch::plugin
