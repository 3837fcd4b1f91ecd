#include "cli/message_format.hpp"

#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "cli/received.hpp"

namespace dispytch::cli {
namespace {

dispytch_bytes bytes(const std::string& text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

// A message of partition 3 at offset 41.
class MessageFormatTest : public testing::Test {
 protected:
  MessageFormatTest() {
    raw_.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_TIMESTAMP;
    raw_.topic = bytes(topic_);
    raw_.key = bytes(key_);
    raw_.partition = 3;
    raw_.offset = 41;
    raw_.timestamp_ms = 1'356'998'400'007;
    payload(
        R"({"id":"7","type":"flight_departed","body":{"carrier":"UA","delay_minutes":-2,"legs":[{"from":"EWR"}],"note":null},"timestamp":1})");
  }
  void payload(std::string text) {
    payload_ = std::move(text);
    raw_.payload = bytes(payload_);
  }
  std::string written(std::string_view format) {
    const Message message{raw_, nullptr, nullptr};
    std::string out;
    MessageFormat{format}.write(Received{message, wire_}, out);
    return out;
  }
  std::string json() {
    const Message message{raw_, nullptr, nullptr};
    return to_json(Received{message, wire_});
  }

  std::string topic_ = "flights", key_ = "N14228", payload_;
  dispytch_message raw_ = {};
  WireForm wire_ = {};
};

TEST_F(MessageFormatTest, FillsInWhatTheMessageHas) {
  EXPECT_EQ(written("{topic} {partition} {offset} {timestamp} {key} {id} {type}"),
            "flights 3 41 2013-01-01T00:00:00.007Z N14228 7 flight_departed");
}

TEST_F(MessageFormatTest, WalksIntoTheBody) {
  EXPECT_EQ(written("{type} {key} {body.delay_minutes}"), "flight_departed N14228 -2");
  EXPECT_EQ(written("{body.legs.0.from} {body.legs} {body.note}"), R"(EWR [{"from":"EWR"}] null)");
}

TEST_F(MessageFormatTest, WritesTheWholeBodyInTheOrderOfTheWire) {
  EXPECT_EQ(written("{body}"), R"({"carrier":"UA","delay_minutes":-2,"legs":[{"from":"EWR"}],"note":null})");
}

TEST_F(MessageFormatTest, WritesADashForWhatThereIsNot) {
  EXPECT_EQ(written("{body.nothing} {body.legs.1} {body.legs.x} {body.carrier.x}"), "- - - -");
  raw_.flags = 0;
  raw_.key = {};
  EXPECT_EQ(written("{partition} {offset} {timestamp} {key}"), "- - - -");
  payload("no json");
  EXPECT_EQ(written("{id} {type} {body} {body.x} {payload}"), "- - - - no json");
  raw_.payload = {};
  EXPECT_EQ(written("{payload} {body}"), "- -");
}

TEST_F(MessageFormatTest, KeepsAnEmptyKeyApartFromNoKey) {
  key_.clear();
  raw_.key = {reinterpret_cast<const std::uint8_t*>(key_.data()), 0};
  EXPECT_EQ(written("[{key}]"), "[]");
}

TEST_F(MessageFormatTest, WritesBracesAndControlCharactersOfTheFormat) { EXPECT_EQ(written(R"({{{key}}}\t\\n\n)"), "{N14228}\t\\n\n"); }

TEST_F(MessageFormatTest, EscapesWhatNobodySees) {
  payload("a\x1b[2J\nb\xc2\x9b\xef\xbb\xbf\xff");
  EXPECT_EQ(written("{payload}\\n"), "a\\x1b[2J\\x0ab\\x9b\\ufeff\\xff\n");
  payload("{\"body\":{\"x\":\"\xe2\x80\xae\\u001b\"}}");
  EXPECT_EQ(written("{body} {body.x}"), "{\"x\":\"\\u202e\\u001b\"} \\u202e\\x1b");
}

TEST_F(MessageFormatTest, ShowsDigitsAsTheyAre) {
  for (const std::string digits : {"18446744073709551617", "0.10", "1E5", "1e400", "-0", "1.0", "123456789012345678901234567890.5e-7"}) {
    payload(R"({"id":"7","type":"t","body":{"x":)" + digits + R"(,"y":[ )" + digits + R"( ]}})");
    EXPECT_EQ(written("{body.x} {body.y.0} {body}"), digits + " " + digits + R"( {"x":)" + digits + R"(,"y":[)" + digits + "]}");
    EXPECT_THAT(json(), testing::EndsWith(R"("body":{"x":)" + digits + R"(,"y":[)" + digits + "]}}"));
  }
}

TEST_F(MessageFormatTest, ShowsTwoEqualKeysAsTwo) {
  payload(R"({"id":"7","type":"t","body":{"x":1,"x":2,"\u0078":"3"}})");
  EXPECT_EQ(written("{body.x} {body}"), R"(1,2,3 {"x":1,"x":2,"\u0078":"3"})");
  EXPECT_THAT(json(), testing::EndsWith(R"("body":{"x":1,"x":2,"\u0078":"3"}})"));
  payload(R"({"id":"7","id":"8","type":"t","body":1,"body":2})");
  EXPECT_EQ(written("{id} {type} {body}"), "- t -") << "readers refuse such an envelope";
  EXPECT_THAT(json(), testing::HasSubstr(R"("payload":"{\"id\":\"7\",\"id\":\"8\")"));
}

TEST_F(MessageFormatTest, IsUtf8JsonWhateverBytesItHas) {
  topic_ = "t\xff";
  key_ = "\xff\x80";
  raw_.topic = bytes(topic_);
  raw_.key = bytes(key_);
  payload("{\"id\":\"\\u009b\",\"type\":\"\xef\xbb\xbf\",\"body\":\"\xc2\x9b\"}");
  EXPECT_EQ(json(), R"({"topic":"t\\xff","partition":3,"offset":41,"timestamp":"2013-01-01T00:00:00.007Z","key":{"base64":"/4A="},)"
                    R"("headers":[],"id":"\u009b","type":"\ufeff","body":"\u009b"})");
}

TEST_F(MessageFormatTest, ReadsTheTypeOfAFlatEventFromItsField) {
  wire_ = {.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::field, .name = "kind"};
  payload(R"({"kind":"departed","delay":5})");
  EXPECT_EQ(written("{type} {id} {body.delay}"), "departed - 5");
}

TEST_F(MessageFormatTest, KnowsTheTypeOfATopicOfOneType) {
  wire_ = {.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::fixed, .name = "departed"};
  EXPECT_EQ(written("{type}"), "departed");
}

TEST_F(MessageFormatTest, RefusesWhatIsNoPlaceholder) {
  try {
    MessageFormat{"{typo}"};
    FAIL() << "it was taken";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "--format: no placeholder {typo}; there are: topic, partition, offset, timestamp, key, headers, header.NAME, payload, id, "
                 "type, body, body.PATH");
  }
  EXPECT_THROW(MessageFormat{"{}"}, UsageError);
}

TEST_F(MessageFormatTest, RefusesABraceThatIsNotClosed) {
  try {
    MessageFormat{"a {key"};
    FAIL() << "it was taken";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "--format: the { at character 3 has no }; for a brace itself write {{");
  }
}

TEST_F(MessageFormatTest, JsonHasTheWholeEvent) {
  payload(R"({"id":"7","type":"t","body":{"b":1,"a":2},"timestamp":1})");
  EXPECT_EQ(json(), R"({"topic":"flights","partition":3,"offset":41,"timestamp":"2013-01-01T00:00:00.007Z","key":"N14228","headers":[],)"
                    R"("id":"7","type":"t","body":{"b":1,"a":2}})");
}

TEST_F(MessageFormatTest, JsonHasThePayloadWhereItIsNoEvent) {
  raw_.flags = 0;
  raw_.key = {};
  payload("no json");
  EXPECT_EQ(json(), R"({"topic":"flights","partition":null,"offset":null,"timestamp":null,"key":null,"headers":[],"payload":"no json"})");
  payload("\xff\x00\x01");
  key_ = "\xed\xa0\x80";  // a surrogate, which UTF-8 has none of
  raw_.key = bytes(key_);
  EXPECT_EQ(
      json(),
      R"({"topic":"flights","partition":null,"offset":null,"timestamp":null,"key":{"base64":"7aCA"},"headers":[],"payload":{"base64":"/w=="}})");
}

TEST(Rfc3339, TakesTimesBeforeTheEpoch) { EXPECT_EQ(to_rfc3339(Timestamp{std::chrono::milliseconds{-1}}), "1969-12-31T23:59:59.999Z"); }

}  // namespace
}  // namespace dispytch::cli
