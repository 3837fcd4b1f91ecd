#include <cstdint>

#include "listen/dead_letters.hpp"

#include <gmock/gmock.h>

#include <dispytch/plugin/message.hpp>

#include "listen/failure.hpp"

namespace dispytch::listen {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Not;
using ::testing::Pair;

struct Original {
  std::vector<dispytch_header> headers;
  dispytch_message raw{};
  Original() {
    raw.topic = plugin::bytes("orders");
    raw.key = plugin::bytes(std::string_view{"k\0y", 3});
    raw.payload = plugin::bytes("\xff not utf-8");
    raw.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET;
    raw.partition = 2;
    raw.offset = 1234;
  }
  void add(std::string_view name, std::string_view value) {
    headers.push_back({plugin::bytes(name), plugin::bytes(value)});
    raw.headers = headers.data();
    raw.n_headers = static_cast<std::uint32_t>(headers.size());
  }
  Message message() const { return Message{raw, nullptr, nullptr}; }
};

constexpr DeadLetterInfo kInfo{.reason = "failed",
                               .exception = "std::runtime_error: gone",
                               .handler = "store",
                               .listener = "billing",
                               .group = "bill",
                               .attempts = 3,
                               .first_ms = 1000,
                               .last_ms = 2000};

TEST(DeadLetter, HasTheOriginalBytesAndSaysWhatIsKnown) {
  Original original;
  original.add("trace", "abc");
  const OutgoingMessage letter = make_dead_letter(original.message(), kInfo, "{topic}.{group}.dlq");
  EXPECT_EQ(letter.topic, "orders.bill.dlq");
  EXPECT_EQ(letter.key, (std::string{"k\0y", 3}));
  EXPECT_EQ(letter.payload, "\xff not utf-8");
  EXPECT_THAT(letter.headers,
              ElementsAre(Pair("trace", "abc"), Pair("dispytch-reason", "failed"), Pair("dispytch-exception", "std::runtime_error: gone"),
                          Pair("dispytch-handler", "store"), Pair("dispytch-listener", "billing"), Pair("dispytch-group", "bill"),
                          Pair("dispytch-topic", "orders"), Pair("dispytch-partition", "2"), Pair("dispytch-offset", "1234"),
                          Pair("dispytch-attempts", "3"), Pair("dispytch-first", "1000"), Pair("dispytch-last", "2000")));
}

TEST(DeadLetter, SaysTheTimeOfTheMessageWhereItHasOne) {
  Original original;
  original.add("dispytch-timestamp", "7");  // of an earlier death
  EXPECT_THAT(make_dead_letter(original.message(), kInfo, "dlq").headers, Not(Contains(Pair("dispytch-timestamp", ::testing::_))));
  original.raw.flags |= DISPYTCH_MSG_TIMESTAMP;
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{1'700'000'000'123}}) {
    original.raw.timestamp_ms = time;
    EXPECT_THAT(make_dead_letter(original.message(), kInfo, "dlq").headers, Contains(Pair("dispytch-timestamp", std::to_string(time))));
  }
  original.raw.timestamp_ms = -1;
  EXPECT_THAT(make_dead_letter(original.message(), kInfo, "dlq").headers, Not(Contains(Pair("dispytch-timestamp", ::testing::_))));
}

TEST(DeadLetter, SaysWhatItLeavesOut) {
  Original original;
  original.raw.flags |= DISPYTCH_MSG_TIMESTAMP;
  original.raw.timestamp_ms = 5;
  original.add("trace", "abc");
  original.add("dispytch-left-out", "everything");
  const OutgoingMessage shorter = make_dead_letter(original.message(), kInfo, "dlq", LetterDetail::without_exception);
  EXPECT_THAT(shorter.headers, Contains(Pair("dispytch-left-out", "exception")));
  EXPECT_THAT(shorter.headers, Not(Contains(Pair("dispytch-exception", ::testing::_))));
  EXPECT_THAT(shorter.headers, Contains(Pair("dispytch-handler", "store")));
  const OutgoingMessage least = make_dead_letter(original.message(), kInfo, "dlq", LetterDetail::least);
  EXPECT_EQ(least.key, (std::string{"k\0y", 3}));
  EXPECT_EQ(least.payload, "\xff not utf-8");
  EXPECT_THAT(least.headers, ElementsAre(Pair("trace", "abc"), Pair("dispytch-reason", "failed"), Pair("dispytch-group", "bill"),
                                         Pair("dispytch-topic", "orders"), Pair("dispytch-partition", "2"), Pair("dispytch-offset", "1234"),
                                         Pair("dispytch-left-out", "exception,handler,listener,attempts,first,last,timestamp")));
}

TEST(DeadLetter, CutsTextsThatAreNoUtf8Too) {
  Original original;
  DeadLetterInfo info = kInfo;
  const std::string text(2'000, '\x80');
  info.exception = text;
  EXPECT_THAT(make_dead_letter(original.message(), info, "dlq").headers,
              Contains(Pair("dispytch-exception", std::string(1'024, '\x80') + "…")));
}

TEST(Cut, EndsBetweenTwoCharacters) {
  const std::string euros = "\xe2\x82\xac\xe2\x82\xac";
  EXPECT_EQ(cut(euros, 5), "\xe2\x82\xac… (6 bytes)");
  EXPECT_EQ(cut(euros, 6), euros);
}

TEST(DeadLetter, KeepsWhatIsAbsentAbsent) {
  Original original;
  original.raw.key = {};
  original.raw.payload = {};
  const OutgoingMessage letter = make_dead_letter(original.message(), kInfo, "dead");
  EXPECT_EQ(letter.key, std::nullopt);
  EXPECT_EQ(letter.payload, std::nullopt) << "a tombstone stays one";
}

TEST(DeadLetter, ReplacesAnEarlierDeathAndKeepsTheCountOfReplays) {
  Original original;
  original.add("dispytch-reason", "undecodable");
  original.add("dispytch-topic", "elsewhere");
  original.add("dispytch-replays", "2");
  const OutgoingMessage letter = make_dead_letter(original.message(), kInfo, "dead");
  EXPECT_THAT(letter.headers, Not(Contains(Pair("dispytch-reason", "undecodable"))));
  EXPECT_THAT(letter.headers, Not(Contains(Pair("dispytch-topic", "elsewhere"))));
  EXPECT_THAT(letter.headers, Contains(Pair("dispytch-replays", "2")));
}

TEST(DeadLetter, CutsALongReasonBetweenCharacters) {
  DeadLetterInfo info = kInfo;
  const std::string text = std::string(1023, 'x') + "é and more";  // the character straddles the 1024th byte
  info.exception = text;
  const OutgoingMessage letter = make_dead_letter(Original{}.message(), info, "dead");
  EXPECT_THAT(letter.headers, Contains(Pair("dispytch-exception", std::string(1023, 'x') + "…")));
}

}  // namespace
}  // namespace dispytch::listen
