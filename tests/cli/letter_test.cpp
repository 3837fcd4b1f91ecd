// What names a message, in text and in JSON.
#include "cli/letter.hpp"

#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dispytch/plugin/message.hpp>

#include "cli/command.hpp"
#include "cli/json_document.hpp"
#include "cli/received.hpp"

namespace dispytch::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kBeyondDoubles = (std::int64_t{1} << 53) + 1;  // the first whole number that a double can't hold

dispytch_message message_at(std::int64_t offset) {
  dispytch_message raw{};
  raw.topic = plugin::bytes("orders.dlq");
  raw.payload = plugin::bytes("{}");
  raw.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET;
  raw.offset = offset;
  return raw;
}

TEST(Letters, HaveOffsetsWithAllTheirDigitsInEveryJson) {
  const WireForm wire;
  const dispytch_message raw = message_at(kBeyondDoubles);
  const Message message{raw, nullptr, nullptr};
  EXPECT_THAT(to_json(Received{message, wire}), HasSubstr(R"("offset":9007199254740993)"));
  Letter letter = read_letter(message, wire);
  letter.original_offset = INT64_MAX;
  EXPECT_THAT(json_text(to_json(letter)),
              AllOf(HasSubstr(R"("offset":9007199254740993)"), HasSubstr(R"("original_offset":9223372036854775807)")));
  EXPECT_THAT(to_line(letter), HasSubstr("orders.dlq/0:9007199254740993"));
  EXPECT_EQ(parse_place("0:9007199254740993").offset, kBeyondDoubles);
  // As `status` takes them from the application, and `skip` gives them to it.
  const auto answer = nlohmann::ordered_json::parse(R"({"offset":9007199254740993,"held":18446744073709551615})");
  EXPECT_EQ(json_text(answer), R"({"offset":9007199254740993,"held":18446744073709551615})");
}

TEST(Letters, WithoutAnOffsetAreNamedByTheirId) {
  const WireForm wire;
  dispytch_message raw = message_at(0);
  raw.flags = 0;
  raw.id = plugin::bytes("1700000000000-5");
  Letter letter = read_letter(Message{raw, nullptr, nullptr}, wire);
  EXPECT_EQ(letter.place(), "orders.dlq/id:1700000000000-5");
  EXPECT_THAT(to_line(letter), HasSubstr("orders.dlq/id:1700000000000-5  "));
  EXPECT_THAT(json_text(to_json(letter)), HasSubstr(R"("offset":-1,"id":"1700000000000-5")"));
  for (const std::string text : {"id:1700000000000-5", "orders.dlq/id:1700000000000-5"}) {
    LetterPlace place = parse_place(text);
    EXPECT_EQ(place.id, "1700000000000-5");
    EXPECT_EQ(place.topic, text.starts_with("id:") ? "" : "orders.dlq");
    place.topic = "orders.dlq";
    EXPECT_TRUE(place.is_of(letter));
    EXPECT_EQ(to_string(place), "orders.dlq/id:1700000000000-5");
  }
  EXPECT_EQ(parse_place("id:STREAM:12").id, "STREAM:12") << "whatever is in it";
  EXPECT_FALSE(parse_place("orders.dlq/id:else").is_of(letter));
  EXPECT_THROW(parse_place("1700000000000-5"), UsageError);
}

TEST(Letters, SayTheIdOfTheMessageThatTheyWereMadeOf) {
  const WireForm wire;
  dispytch_message raw = message_at(3);
  const dispytch_header headers[] = {{plugin::bytes("dispytch-topic"), plugin::bytes("orders")},
                                     {plugin::bytes("dispytch-reason"), plugin::bytes("failed")},
                                     {plugin::bytes("dispytch-id"), plugin::bytes("1700000000000-5")}};
  raw.headers = headers;
  raw.n_headers = 3;
  raw.flags |= DISPYTCH_MSG_HEADERS;
  const Letter letter = read_letter(Message{raw, nullptr, nullptr}, wire);
  EXPECT_THAT(to_line(letter), HasSubstr("from: orders/1700000000000-5"));
  EXPECT_THAT(json_text(to_json(letter)), HasSubstr(R"("original_id":"1700000000000-5")"));
}

}  // namespace
}  // namespace dispytch::cli
