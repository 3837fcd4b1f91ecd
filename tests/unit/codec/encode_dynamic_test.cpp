// Bodies that are JSON text already.
#include "unit/codec/codec_support.hpp"

namespace dispytch::codec {
namespace {

const EventMeta kMeta{.id = "an id", .type = "a_type", .timestamp_ms = 17};

std::string wrapped(std::string_view body, const WireForm& form = kEnvelope, const EventMeta& meta = kMeta) {
  std::string out;
  const Result<void> result = encode_dynamic(body, meta, form, out);
  return result ? out : "refused: " + result.error().text + out;
}

TEST(EncodeDynamic, WrapsTheBodyWithoutItsWhiteSpace) {
  EXPECT_EQ(wrapped(" { \"a b\" : [ 1 , 2.50, \"x y\" ] }\n"),
            R"({"id":"an id","type":"a_type","body":{"a b":[1,2.50,"x y"]},"timestamp":17})");
  EXPECT_EQ(wrapped("{}"), R"({"id":"an id","type":"a_type","body":{},"timestamp":17})");
}

TEST(EncodeDynamic, KeepsEveryDigitAndEscape) {
  const std::string body = R"({"big":123456789012345678901234567890,"e":1E400,"s":"\u00e9\/"})";
  EXPECT_EQ(wrapped(body, kFlat), body);
}

TEST(EncodeDynamic, WritesTheTypeWhereTheFormHasIt) {
  using enum WireForm::TypeFrom;
  EXPECT_EQ(wrapped(R"({"a":1})", flat(field, "kind")), R"({"kind":"a_type","a":1})");
  EXPECT_EQ(wrapped("{ }", flat(field, "kind")), R"({"kind":"a_type"})");
  EXPECT_EQ(wrapped(R"({"a":1})", flat(field, "\"")), R"({"\"":"a_type","a":1})");
  EXPECT_EQ(wrapped(R"({"a":1,"kind":"a_type"})", flat(field, "kind")), R"({"a":1,"kind":"a_type"})");
  EXPECT_EQ(wrapped(R"({"a":1})", flat(header, "kind")), R"({"a":1})");
  EXPECT_EQ(wrapped(R"({"a":1})", flat(fixed, "a_type")), R"({"a":1})");
}

TEST(EncodeDynamic, RefusesABodyThatContradictsTheType) {
  using enum WireForm::TypeFrom;
  EXPECT_EQ(wrapped(R"({"kind":"other"})", flat(field, "kind")),
            "refused: the body says `other` in its field `kind`, where the topic's wire form keeps the type, but the type is `a_type`");
  EXPECT_EQ(wrapped(R"({"kind":5})", flat(field, "kind")), "refused: the body at /kind (byte 8): expected a string, found 5");
  EXPECT_EQ(wrapped(R"({"kind":null})", flat(field, "kind")), "refused: the body at /kind (byte 8): expected a string, found null");
  EXPECT_EQ(wrapped("{}", flat(fixed, "other")),
            "refused: the event's type is `a_type`, but the topic's wire form says that all of its messages are of type `other`");
}

TEST(EncodeDynamic, RefusesWhatIsNoObject) {
  EXPECT_EQ(wrapped("[1]"), "refused: the body (byte 0): expected a JSON object, found an array");
  EXPECT_EQ(wrapped(""), "refused: the body (byte 0): expected a JSON object, found nothing");
  EXPECT_EQ(wrapped(R"({"a":nul})"), "refused: the body at /a (byte 5): expected a JSON value, found nul");
  EXPECT_EQ(wrapped(R"({"a":1}{})"), "refused: the body (byte 7): expected the end of the payload, found an object");
  EXPECT_EQ(wrapped("{\"a\":\"\xff\"}"), "refused: the body (byte 6): expected UTF-8, found the byte 255");
}

TEST(EncodeDynamic, RefusesIdsAndTypesThatAreNoUtf8) {
  const std::string reason = "refused: the event's id or type can't be written as JSON: the string is no UTF-8 from its byte 0 on";
  EXPECT_EQ(wrapped("{}", kEnvelope, {.id = "\xff"}), reason);
  EXPECT_EQ(wrapped("{}", kEnvelope, {.type = "\xff"}), reason);
  EXPECT_EQ(wrapped("{}", flat(WireForm::TypeFrom::field, "kind"), {.type = "\xff"}), reason);
}

}  // namespace
}  // namespace dispytch::codec
