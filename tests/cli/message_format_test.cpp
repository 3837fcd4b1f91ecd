#include "cli/message_format.hpp"

#include <string>

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
  std::string written(std::string_view format, bool escape = false) {
    const Message message{raw_, nullptr, nullptr};
    std::string out;
    MessageFormat{format}.write(Received{message, wire_}, escape, out);
    return out;
  }
  std::string json() {
    const Message message{raw_, nullptr, nullptr};
    return to_json(Received{message, wire_}).dump();
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

TEST_F(MessageFormatTest, EscapesControlCharactersOfTheMessageWhereAsked) {
  payload("a\x1b[2J\nb");
  EXPECT_EQ(written("{payload}\\n", true), "a\\x1b[2J\\x0ab\n");
  EXPECT_EQ(written("{payload}", false), "a\x1b[2J\nb");
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
