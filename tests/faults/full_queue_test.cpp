// The client's local queue is full because the broker takes nothing, or takes it slowly: emits wait, a bounded time, and none is dropped.
#include "faults/fault_test.hpp"

namespace dispytch::faults {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using FullQueue = FaultTest;

constexpr const char* kNobody = "127.0.0.1:9";  // the discard port: nobody listens there

TEST_F(FullQueue, OfABrokerThatIsSlowHoldsEmitsBackAndDropsNone) {
  EventEmitter emitter{kafka().producer({.config = {{"queue.buffering.max.messages", 10}}})};
  std::atomic<int> confirmed = 0;
  for (int i = 0; i < 1000; ++i) {
    emitter.emit(OutgoingMessage{.topic = topic, .payload = std::to_string(i)},
                 [&](const Result<Receipt>& result) { confirmed += result ? 1 : 0; });
  }
  ASSERT_TRUE(emitter.flush(20s));
  EXPECT_EQ(confirmed, 1000);
  const std::vector<std::string> stored = payloads(topic);
  ASSERT_EQ(stored.size(), 1000U);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(stored[static_cast<std::size_t>(i)], std::to_string(i)) << "in the order of the emits";
}

TEST_F(FullQueue, OfABrokerThatIsAwayEndsEachEmitWithAnErrorThatSaysWhat) {
  EventEmitter emitter{kafka({}, kNobody).producer({.config = {{"queue.buffering.max.messages", 10}}, .delivery_timeout = 60s}),
                       {.room_timeout = 300ms}};
  std::atomic<int> queued = 0;
  for (int i = 0; i < 10; ++i) {
    emitter.emit(OutgoingMessage{.topic = topic, .payload = "p"}, [&](const Result<Receipt>&) { ++queued; });
  }
  for (int i = 0; i < 2; ++i) {
    const Result<Receipt> result = emitter.emit(OutgoingMessage{.topic = topic, .payload = "p"});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::full);
    EXPECT_FALSE(result.error().maybe_sent);
    EXPECT_TRUE(result.error().retriable);
    EXPECT_THAT(result.error().text, HasSubstr("the emitter's local queue was full for 300 ms"));
  }
  EXPECT_EQ(queued, 0) << "what has its place in the queue keeps it";
}

// Those in the queue have an end of their own: at the delivery timeout each has its answer, and there is room again.
TEST_F(FullQueue, OfABrokerThatIsAwayEmptiesAtTheDeliveryTimeout) {
  EventEmitter emitter{kafka({}, kNobody).producer({.config = {{"queue.buffering.max.messages", 10}}, .delivery_timeout = 500ms})};
  std::atomic<int> failed = 0;
  std::atomic<int> maybe_sent = 0;
  for (int i = 0; i < 25; ++i) {
    emitter.emit(OutgoingMessage{.topic = topic, .payload = "p"}, [&](const Result<Receipt>& result) {
      if (result) return;
      ++failed;
      maybe_sent += result.error().maybe_sent ? 1 : 0;
      EXPECT_EQ(result.error().code, ErrorCode::unavailable);
      EXPECT_THAT(result.error().text, HasSubstr("confirmed no message within 500 ms"));
    });
  }
  ASSERT_TRUE(emitter.flush(20s));
  EXPECT_EQ(failed, 25) << "each has one answer";
  EXPECT_EQ(maybe_sent, 0);
}

}  // namespace
}  // namespace dispytch::faults
