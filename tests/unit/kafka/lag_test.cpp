// How far a source says that it is behind, by what is settled of it and what is known of its log's end.
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "sources.hpp"
#include "tokens.hpp"

namespace dispytch::kafka {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct EndOfClient {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};

class KafkaLag : public ::testing::Test {
 protected:
  KafkaLag() {
    std::array<char, 128> reason{};
    client_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, nullptr, reason.data(), reason.size()));
    source = &sources.add(client_.get(), "orders", 0, signal_);
  }
  void begin(std::int64_t offset) {
    source->next = offset;
    sources.place(*source, offset, {}, false);
  }
  void deliver(std::int64_t first, std::int64_t last) {
    source->next = last + 1;
    sources.delivered({{.source = source, .first = first, .last = last}});
  }
  void settle(std::int64_t offset) { EXPECT_TRUE(sources.settle(message_token(token_base(source->token_id), offset))); }
  void ends(std::int64_t offset) { sources.log_ends(source->id, offset, now); }
  std::optional<std::int64_t> lag() const {
    const std::vector<plugin::Lag> all = sources.lag(now, 10s);
    return all.empty() ? std::nullopt : std::optional{all.front().messages};
  }

  Signal signal_{plugin::Notify{}};
  std::unique_ptr<rd_kafka_t, EndOfClient> client_;

 public:
  Sources sources;
  Source* source = nullptr;
  Clock::time_point now = Clock::now();
};

TEST_F(KafkaLag, IsUnknownUntilItIsKnownWhereTheSourceBeginsAndWhereItsLogEnds) {
  EXPECT_EQ(lag(), std::nullopt);
  ends(100);
  EXPECT_EQ(lag(), std::nullopt);
  begin(40);
  EXPECT_EQ(lag(), 60);
}

TEST_F(KafkaLag, CountsFromWhatIsSettledOrFromTheBeginning) {
  begin(40);
  ends(100);
  deliver(40, 80);
  EXPECT_EQ(lag(), 60) << "delivered is not settled";
  settle(49);
  EXPECT_EQ(lag(), 50);
  deliver(81, 120);
  EXPECT_EQ(lag(), 71) << "what came since the broker was asked is there, too";
  settle(120);
  EXPECT_EQ(lag(), 0);
}

TEST_F(KafkaLag, IsZeroOnceAReaderHasFoundTheEndAndAllBeforeItIsSettled) {
  begin(0);
  ends(10);  // two marks of transactions behind the last message
  deliver(0, 7);
  sources.reached_end(*source, 10);
  EXPECT_EQ(lag(), 10) << "nothing is settled";
  settle(6);
  EXPECT_EQ(lag(), 3);
  settle(7);
  EXPECT_EQ(lag(), 0);
  ends(12);
  EXPECT_EQ(lag(), 2) << "there is more by now";
  deliver(10, 10);
  settle(10);
  sources.reached_end(*source, 12);
  EXPECT_EQ(lag(), 0);
}

TEST_F(KafkaLag, OfALogWithoutAMessageForTheReaderIsZero) {
  begin(5);
  ends(9);
  EXPECT_EQ(lag(), 4);
  sources.reached_end(*source, 9);
  EXPECT_EQ(lag(), 0);
}

TEST_F(KafkaLag, DoesNotTakeAnEndForReachedBeforeWhatWasTakenIsDelivered) {
  begin(0);
  ends(5);
  source->next = 5;  // taken from librdkafka, not delivered: the poll had no room
  sources.reached_end(*source, 5);
  EXPECT_EQ(lag(), 5);
}

TEST_F(KafkaLag, IsUnknownWhereTheBrokerHasSaidNothingForLong) {
  begin(0);
  ends(5);
  now += 9s;
  EXPECT_EQ(lag(), 5);
  now += 2s;
  EXPECT_EQ(lag(), std::nullopt);
}

TEST_F(KafkaLag, IsUnknownAgainAfterTheLogWasMadeAnew) {
  begin(40);
  ends(100);
  sources.rewind(*source);
  EXPECT_EQ(lag(), std::nullopt);
  begin(0);
  ends(3);
  EXPECT_EQ(lag(), 3);
}

}  // namespace
}  // namespace dispytch::kafka
