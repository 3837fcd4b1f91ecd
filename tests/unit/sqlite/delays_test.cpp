#include "fixture.hpp"

#include <cstdint>

namespace dispytch::sqlite {
namespace {

using ::testing::ElementsAre;

class DelayedMessages : public BrokerTest {
 protected:
  std::int64_t in(milliseconds time) { return plugin::Host{&host.raw}.clock().unix_ms() + time.count(); }
};

TEST_F(DelayedMessages, ComeOnceTheirTimeHasComeBehindWhatCameMeanwhile) {
  open(options());
  const Outcome outcome = outcome_of({.payload = "late", .deliver_at_ms = in(std::chrono::hours{1})});
  EXPECT_EQ(outcome.code, DISPYTCH_OK);
  EXPECT_EQ(outcome.flags & DISPYTCH_REPORT_OFFSET, 0u) << "it has none yet";
  put({{.payload = "early"}, {.payload = "past", .deliver_at_ms = in(milliseconds{-5})}});
  const auto member = reader();
  EXPECT_THAT(payloads(member->take(2)), ElementsAre("early", "past"));
  host.advance(std::chrono::hours{1});
  broker->writer().wake();
  EXPECT_THAT(payloads(member->take(1)), ElementsAre("late"));
  EXPECT_EQ(number("SELECT count(*) FROM delayed"), 0);
}

TEST_F(DelayedMessages, OutliveWhoSentThem) {
  open(options());
  put({{.payload = "second", .deliver_at_ms = in(std::chrono::hours{2})},
       {.payload = "first", .deliver_at_ms = in(std::chrono::hours{1})}});
  close();
  host.advance(std::chrono::hours{3});
  open(options());
  const auto member = reader();
  EXPECT_THAT(payloads(member->take(2)), ElementsAre("first", "second"));
}

TEST_F(DelayedMessages, KeepKeyHeadersAndTheTimeThatTheyWereGiven) {
  open(options());
  put({{.payload = "late", .key = "k", .timestamp_ms = 1'700'000'000'123, .deliver_at_ms = in(milliseconds{20})}});
  const auto member = reader();
  member->take(1);
  EXPECT_EQ(number("SELECT timestamp_ms FROM messages WHERE key = CAST('k' AS BLOB)"), 1'700'000'000'123);
}

}  // namespace
}  // namespace dispytch::sqlite
