// Payloads as wholes: envelopes and flat ones, and input that is no JSON or hardly.
#include "unit/codec/codec_support.hpp"

namespace dispytch::codec {
namespace {

struct Small {
  static constexpr auto topic = "t";
  static constexpr auto type = "small";
  int n = 0;
};
DISPYTCH_EVENT(Small, n)

// ---- envelopes ----

TEST(Envelope, IsReadInAnyOrderOfItsFields) {
  const std::string id = R"("id":"x")";
  const std::string type = R"("type":"small")";
  const std::string body = R"("body":{"n":5})";
  const std::string timestamp = R"("timestamp":17)";
  std::vector<std::string> fields{id, type, body, timestamp, R"("unknown":{"type":"no","body":[1]})"};
  std::ranges::sort(fields);
  do {
    const std::string payload = "{" + fields[0] + "," + fields[1] + "," + fields[2] + "," + fields[3] + "," + fields[4] + "}";
    const auto event = decode<Small>(payload, kEnvelope);
    ASSERT_TRUE(event.good) << payload << to_string(event.error);
    EXPECT_EQ(event.type, "small");
    EXPECT_EQ(event.body.n, 5);
    EXPECT_EQ(event.meta.id, "x");
    EXPECT_EQ(event.meta.timestamp_ms, 17);
  } while (std::ranges::next_permutation(fields).found);
}

TEST(Envelope, IsReadWithEscapesInItsFields) {
  const auto event = decode<Small>(R"({"\u0069d":"\u00e9","typ\u0065":"sm\u0061ll","bod\u0079":{"n":5},"times\u0074amp":-1})", kEnvelope);
  ASSERT_TRUE(event.good) << to_string(event.error);
  EXPECT_EQ(event.type, "small");
  EXPECT_EQ(event.meta.id, "é");
  EXPECT_EQ(event.meta.type, "small");
  EXPECT_EQ(event.meta.timestamp_ms, -1);
}

TEST(Envelope, NeedsNoIdAndNoTimestamp) {
  const auto event = decode<Small>(R"({"type":"small","body":{"n":5}})", kEnvelope);
  ASSERT_TRUE(event.good) << to_string(event.error);
  EXPECT_EQ(event.meta.id, "");
  EXPECT_EQ(event.meta.timestamp_ms, EventMeta::kNoTimestamp);
}

TEST(Envelope, NeedsATypeAndABody) {
  EXPECT_EQ(refusal<Small>(R"({"body":{"n":5}})", kEnvelope), "/type @0: expected a string, the event's type, found no such field");
  EXPECT_EQ(refusal<Small>("{}", kEnvelope), "/type @0: expected a string, the event's type, found no such field");
  EXPECT_EQ(refusal<Small>(R"({"type":"small"})", kEnvelope), "/body @0: expected an object (Small), found no such field");
  EXPECT_EQ(refusal<Small>(R"({"type":"small","id":"x"})", kEnvelope), "/body @0: expected an object (Small), found no such field");
}

TEST(Envelope, WithFieldsOfOtherTypesIsRefused) {
  EXPECT_EQ(refusal<Small>(R"({"id":5,"type":"small","body":{"n":5}})", kEnvelope), "/id @6: expected a string, found 5");
  EXPECT_EQ(refusal<Small>(R"({"type":"small","body":{"n":5},"id":null})", kEnvelope), "/id @36: expected a string, found null");
  EXPECT_EQ(refusal<Small>(R"({"type":5,"body":{"n":5}})", kEnvelope), "/type @8: expected a string, found 5");
  EXPECT_EQ(refusal<Small>(R"({"type":"small","body":[]})", kEnvelope), "/body @23: expected an object, found an array");
  EXPECT_EQ(refusal<Small>(R"({"body":[],"type":"small"})", kEnvelope), "/body @8: expected an object, found an array");
  EXPECT_EQ(refusal<Small>(R"({"type":"small","body":{"n":5},"timestamp":1.5})", kEnvelope),
            "/timestamp @43: expected an integer from -9223372036854775808 to 9223372036854775807, found 1.5");
}

TEST(Envelope, WithAFieldTwiceIsRefused) {
  EXPECT_EQ(refusal<Small>(R"({"type":"small","type":"small","body":{"n":5}})", kEnvelope),
            "/type @16: expected each field once, found it a second time");
  EXPECT_EQ(refusal<Small>(R"({"id":"","id":"","type":"small","body":{"n":5}})", kEnvelope),
            "/id @9: expected each field once, found it a second time");
  EXPECT_EQ(refusal<Small>(R"({"body":{"n":5},"type":"small","body":{"n":5}})", kEnvelope),
            "/body @31: expected each field once, found it a second time");
}

TEST(Envelope, PutsItsBodyIntoTheErrorsPointer) {
  EXPECT_EQ(refusal<Small>(R"({"type":"small","body":{"n":"5"}})", kEnvelope),
            R"(/body/n @28: expected an integer from -2147483648 to 2147483647, found the string "5")");
  EXPECT_EQ(refusal<Small>(R"({"body":{"n":"5"},"type":"small"})", kEnvelope),
            R"(/body/n @13: expected an integer from -2147483648 to 2147483647, found the string "5")");
}

TEST(Envelope, IsWrittenInTheOrderOfTheFramework) {
  EXPECT_EQ(written(Small{5}, kEnvelope), R"({"id":"an id","type":"small","body":{"n":5},"timestamp":17})");
}

TEST(Envelope, WithAnIdThatIsNoUtf8IsNotWritten) {
  const Small event{5};
  std::string out;
  const auto result = encode(detail::event_type<Small>(), &event, {.id = "\xff"}, kEnvelope, out);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "Small (its id or type) can't be written as JSON: the string is no UTF-8 from its byte 0 on");
  EXPECT_EQ(out, "");
}

// ---- flat ----

struct Kind {
  static constexpr auto topic = "t";
  static constexpr auto type = "kind";
  std::string kind = {};
  int n = 0;
};
DISPYTCH_EVENT(Kind, kind, n)

TEST(Flat, HasItsTypeWhereTheFormSays) {
  using enum WireForm::TypeFrom;
  EXPECT_EQ(decode<Small>(R"({"n":1})", flat(none, "")).type, "");
  EXPECT_EQ(decode<Small>(R"({"n":1})", flat(fixed, "small")).type, "small");
  EXPECT_EQ(decode<Small>(R"({"n":1})", flat(header, "x-type"), "small").type, "small");
  const auto event = decode<Small>(R"({"n":1,"k\u0069nd":"sm\u0061ll"})", flat(field, "kind"));
  EXPECT_TRUE(event.good);
  EXPECT_EQ(event.type, "small");
  EXPECT_EQ(event.meta.type, "small");
  EXPECT_EQ(event.meta.id, "");
  EXPECT_EQ(event.meta.timestamp_ms, EventMeta::kNoTimestamp);
  EXPECT_EQ(read<Kind>(R"({"n":1,"kind":"kind"})", flat(field, "kind")).kind, "kind");
}

TEST(Flat, WithoutItsTypeIsRefused) {
  const WireForm form = flat(WireForm::TypeFrom::field, "kind");
  EXPECT_EQ(refusal<Small>(R"({"n":1})", form), "/kind @0: expected a string, the event's type, found no such field");
  EXPECT_EQ(refusal<Small>(R"({"n":1,"kind":7})", form), "/kind @14: expected a string, found 7");
  EXPECT_EQ(refusal<Small>(R"({"n":[nul],"kind":"small"})", form), "/n/0 @6: expected a JSON value, found nul");
  EXPECT_EQ(refusal<Small>(R"({"\x":1,"kind":"small"})", form), R"( @1: expected a string with legal escapes, found the string "\x")");
}

TEST(Flat, IsWrittenWithItsTypeWhereNoMemberHasIt) {
  using enum WireForm::TypeFrom;
  EXPECT_EQ(written(Small{5}), R"({"n":5})");
  EXPECT_EQ(written(Small{5}, flat(header, "x-type")), R"({"n":5})");
  EXPECT_EQ(written(Small{5}, flat(fixed, "small")), R"({"n":5})");
  EXPECT_EQ(written(Small{5}, flat(field, "k\"ind")), R"({"k\"ind":"small","n":5})");
  EXPECT_EQ(written(Kind{"kind", 5}, flat(field, "kind")), R"({"kind":"kind","n":5})");
}

TEST(Flat, ThatContradictsItsTypeIsNotWritten) {
  using enum WireForm::TypeFrom;
  EXPECT_EQ(refused(Kind{"other", 5}, flat(field, "kind")),
            "Kind says `other` in its field `kind`, where the topic's wire form keeps the type, but the type is `kind`");
  EXPECT_EQ(refused(Kind{"kind", 5}, flat(field, "n")),
            "Kind says `5` in its field `n`, where the topic's wire form keeps the type, but the type is `kind`");
  EXPECT_EQ(refused(Small{5}, flat(fixed, "large")),
            "Small is of type `small`, but the topic's wire form says that all of its messages are of type `large`");
  EXPECT_EQ(refused(Small{5}, flat(field, "\xff")), "Small can't be written as JSON: the string is no UTF-8 from its byte 0 on");
}

// ---- what is no JSON ----

TEST(Payload, ThatIsNoObjectIsRefused) {
  for (const WireForm& form : {kEnvelope, kFlat}) {
    EXPECT_EQ(refusal<Small>("", form), " @0: expected a JSON object, found nothing");
    EXPECT_EQ(refusal<Small>(" \n", form), " @0: expected a JSON object, found nothing");
    EXPECT_EQ(refusal<Small>("[1]", form), " @0: expected a JSON object, found an array");
    EXPECT_EQ(refusal<Small>("5", form), " @0: expected a JSON object, found 5");
    EXPECT_EQ(refusal<Small>(R"("text")", form), R"( @0: expected a JSON object, found the string "text")");
    EXPECT_EQ(refusal<Small>("null", form), " @0: expected a JSON object, found null");
    EXPECT_EQ(refusal<Small>("\xEF\xBB\xBF{\"n\":1}", form), " @0: expected a JSON object, found \xEF\xBB\xBF{\"n\"");  // a byte order mark
  }
}

TEST(Payload, ThatIsNoUtf8IsRefusedAtItsByte) {
  EXPECT_EQ(refusal<Small>("{\"n\":1,\"text\":\"ab\xff\"}"), " @17: expected UTF-8, found the byte 255");
  EXPECT_EQ(refusal<Small>("{\"n\":1,\"\xc3\":1}"), " @8: expected UTF-8, found the byte 195");
  EXPECT_EQ(refusal<Small>("{\"n\":1,\"text\":\"\xed\xa0\x80\"}"), " @15: expected UTF-8, found the byte 237");
}

TEST(Payload, WithAStringThatDoesntEndIsRefused) {
  EXPECT_EQ(refusal<Small>(R"({"n":1,"a":"x)"),
            " @11: expected a quote at the end of the string that begins here, found the end of the payload");
  EXPECT_EQ(refusal<Small>(R"({"a\"":"x\")"),
            " @7: expected a quote at the end of the string that begins here, found the end of the payload");
}

TEST(Payload, WithAControlCharacterInAStringIsRefused) {
  EXPECT_EQ(refusal<Small>("{\"n\":1,\"a\":\"x\ny\"}"), " @13: expected control characters in strings to be escaped, found the byte 10");
}

TEST(Payload, WithSomethingBehindItIsRefused) {
  EXPECT_EQ(refusal<Small>(R"({"n":1}{})"), " @7: expected the end of the payload, found an object");
  EXPECT_EQ(refusal<Small>(R"({"n":1} x)"), " @8: expected the end of the payload, found x");
  EXPECT_EQ(refusal<Small>(R"({"n":1}})"), " @7: expected the end of the payload, found `}`");
  EXPECT_EQ(refusal<Small>(R"({"type":"small","body":{"n":1}} 1)", kEnvelope), " @32: expected the end of the payload, found 1");
  EXPECT_EQ(refusal<Small>("{\"n\":1} \n\t"), "");
  const std::string with_zero{"{\"n\":1}\0", 8};
  EXPECT_EQ(refusal<Small>(with_zero), " @7: expected the end of the payload, found the byte 0");
}

TEST(Payload, ThatEndsTooSoonIsRefusedWhereverItEnds) {
  const std::string enveloped = R"({"id":"x","type":"small","body":{"n":1,"more":[{"a":null},-1.5e3]},"timestamp":17})";
  const std::string bare = R"({"n":1,"more":[{"a":null},-1.5e3]})";
  for (std::size_t size = 0; size < enveloped.size(); ++size) EXPECT_NE(refusal<Small>(enveloped.substr(0, size), kEnvelope), "") << size;
  for (std::size_t size = 0; size < bare.size(); ++size) EXPECT_NE(refusal<Small>(bare.substr(0, size)), "") << size;
  EXPECT_EQ(refusal<Small>(enveloped, kEnvelope), "");
  EXPECT_EQ(refusal<Small>(bare), "");
}

TEST(Payload, WithBrokenStructureIsRefused) {
  EXPECT_EQ(refusal<Small>(R"({"n" 1})"), " @5: expected `:` and the field's value, found 1");
  EXPECT_EQ(refusal<Small>(R"({"n":1 "m":2})"), R"( @7: expected `,` or `}`, found the string "m")");
  EXPECT_EQ(refusal<Small>(R"({"n":1,})"), " @7: expected a field's name in quotes, found `}`");
  EXPECT_EQ(refusal<Small>(R"({,"n":1})"), " @1: expected a field's name in quotes, found `,`");
  EXPECT_EQ(refusal<Small>(R"({n:1})"), " @1: expected a field's name in quotes, found n");
  EXPECT_EQ(refusal<Small>(R"({'n':1})"), " @1: expected a field's name in quotes, found 'n'");
  EXPECT_EQ(refusal<Small>(R"({"n":1]})"), " @6: expected `,` or `}`, found `]`");
  EXPECT_EQ(refusal<Small>(R"({"n":1:2})"), " @6: expected `,` or `}`, found `:`");
  EXPECT_EQ(refusal<Small>(R"({"n":})"), "/n @5: expected an integer from -2147483648 to 2147483647, found `}`");
  EXPECT_EQ(refusal<Small>(R"({"n":  )"), "/n @7: expected an integer from -2147483648 to 2147483647, found the end of the payload");
  EXPECT_EQ(refusal<Small>(R"({"type":"small" "body":{}})", kEnvelope), R"( @16: expected `,` or `}`, found the string "body")");
  EXPECT_EQ(refusal<Small>(R"({"type":"small",})", kEnvelope), " @16: expected a field's name in quotes, found `}`");
  EXPECT_EQ(refusal<Small>(R"({"id":"" "type":"small"})", kEnvelope), R"( @9: expected `,` or `}`, found the string "type")");
  EXPECT_EQ(refusal<Small>(R"({"id" "type"})", kEnvelope), R"( @6: expected `:` and the field's value, found the string "type")");
  EXPECT_EQ(refusal<Small>(R"({"\x":1,"type":"small"})", kEnvelope), R"( @1: expected a string with legal escapes, found the string "\x")");
}

TEST(Payload, IsCheckedInTheFieldsThatNobodyAskedForToo) {
  for (const char* good : {"null", "true", "false", "0", "-0", "1e999", "123456789012345678901234567890", "-1.5E+3", R"("x\u00e9")", "[]",
                           "{}", R"([1,"a",{"b":[null]}])", R"({"a":{},"a":1})"}) {
    EXPECT_EQ(refusal<Small>(R"({"unknown":)" + std::string{good} + R"(,"n":1})"), "") << good;
    EXPECT_EQ(refusal<Small>(R"({"unknown":)" + std::string{good} + R"(,"type":"small","body":{"n":1}})", kEnvelope), "") << good;
  }
  for (const char* bad :
       {"nul",       "nulll",       "True",  "NaN",        "Infinity", "01",          "1.",   "+1",          ".5",    "1e",    "-",
        "--1",       "0x1",         "tru e", "1 2",        R"("\x")",  R"("\ud800")", "[1,]", "[,]",         "[1 2]", "{1:2}", R"({"a"})",
        R"({"a":})", R"({"a":1,})", "[1}",   R"({"a":1])", R"("a":1)", R"("a""b")",   "'a'",  R"({"\x":1})", ""}) {
    EXPECT_NE(refusal<Small>(R"({"unknown":)" + std::string{bad} + R"(,"n":1})"), "") << bad;
    EXPECT_NE(refusal<Small>(R"({"n":1,"unknown":[)" + std::string{bad} + R"(,0]})"), "") << bad;
    EXPECT_NE(refusal<Small>(R"({"type":"small","body":{"n":1},"unknown":)" + std::string{bad} + "}", kEnvelope), "") << bad;
  }
  EXPECT_EQ(refusal<Small>(R"({"a/b":{"c":[0,nul]},"n":1})"), "/a~1b/c/1 @15: expected a JSON value, found nul");
}

TEST(Payload, CutsWhatItFoundBetweenTwoCharacters) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "é";
  const auto refused_text = refusal<Small>(R"({"n":")" + text + R"("})");
  EXPECT_TRUE(refused_text.ends_with("éé...")) << refused_text;
  EXPECT_LT(refused_text.size(), 160U);
  EXPECT_TRUE(refusal<Small>(R"({"n":)" + std::string(100, '9') + "}").ends_with("999..."));
}

// ---- large ----

struct Tree {
  static constexpr auto topic = "t";
  static constexpr auto type = "tree";
  std::vector<Tree> below = {};
};
DISPYTCH_EVENT(Tree, below)

/// A tree without branches, and beside them `depth` objects and arrays in one another, the outermost being the body.
std::string nested(int depth) {
  const auto arrays = static_cast<std::size_t>(depth - 1);
  return R"({"below":[],"x":)" + std::string(arrays, '[') + "0" + std::string(arrays, ']') + "}";
}

TEST(Nesting, IsReadAndPassedOverToADepthOf64) {
  EXPECT_EQ(refusal<Tree>(nested(64)), "");
  const std::string refused_text = refusal<Tree>(nested(65));
  EXPECT_TRUE(refused_text.ends_with("expected at most 64 objects and arrays in one another, found one more")) << refused_text;
  EXPECT_EQ(refusal<Tree>(R"({"type":"tree","body":)" + nested(64) + "}", kEnvelope), "");  // the envelope itself doesn't count
  EXPECT_NE(refusal<Tree>(R"({"type":"tree","body":)" + nested(65) + "}", kEnvelope), "");
  EXPECT_NE(refusal<Tree>(nested(100'000)), "");
}

Tree tree(int depth) {  // of `depth` structs, each in a vector but the first
  Tree root;
  if (depth > 1) root.below.push_back(tree(depth - 1));
  return root;
}

TEST(Nesting, IsWrittenAsDeepAsItIsRead) {
  const Tree deepest = tree(32);  // 32 objects and 32 arrays
  EXPECT_EQ(refusal<Tree>(written(deepest)), "");
  EXPECT_TRUE(refused(tree(33)).ends_with("can't be written as JSON: it nests deeper than 64 objects and arrays"));
  std::string payload = written(deepest);
  payload.insert(payload.find("[]") + 1, R"({"below":[]})");
  EXPECT_NE(refusal<Tree>(payload), "");
}

struct Blob {
  static constexpr auto topic = "t";
  static constexpr auto type = "blob";
  std::string data = {};
  std::vector<int> numbers = {};
};
DISPYTCH_EVENT(Blob, data, numbers)

TEST(Size, HasNoBoundOfTheCodecsOwn) {
  Blob blob{.data = std::string(10'000'000, 'x'), .numbers = {1, 2, 3}};
  blob.data[5'000'000] = '"';
  const std::string payload = written(blob, kEnvelope);
  ASSERT_GT(payload.size(), 10'000'000U);
  EXPECT_EQ(read<Blob>(payload, kEnvelope).data, blob.data);
  EXPECT_EQ(read<Blob>(R"({"data":"","numbers":[1]})").numbers.size(), 1U);  // and back to small ones

  const Blob many{.data = "", .numbers = std::vector<int>(2'000'000, 12345)};
  EXPECT_EQ(read<Blob>(written(many)).numbers, many.numbers);
}

TEST(Decoder, ReadsOnePayloadForSeveralHandlers) {
  Decoder decoder;
  DecodeError error;
  for (const char* payload : {R"({"type":"small","body":{"n":5},"id":"x"})", R"({"body":{"n":5},"id":"x","type":"small"})"}) {
    ASSERT_TRUE(decoder.open(payload, kEnvelope, {}, error));
    Small first;
    Small second;
    EventMeta meta;
    EXPECT_TRUE(decoder.decode(detail::event_type<Small>(), &first, nullptr, error));
    EXPECT_TRUE(decoder.decode(detail::event_type<Small>(), &second, &meta, error));
    EXPECT_EQ(second.n, 5);
    EXPECT_EQ(meta.id, "x");
    Blob wrong;
    EXPECT_FALSE(decoder.decode(detail::event_type<Blob>(), &wrong, nullptr, error));
    EXPECT_EQ(error.event, "Blob");
    Small third;
    EXPECT_TRUE(decoder.decode(detail::event_type<Small>(), &third, nullptr, error));
    EXPECT_EQ(third.n, 5);
  }
}

TEST(Decoder, SaysItsErrorsAsASentence) {
  const auto in_body = decode<Small>(R"({"type":"small","body":{"n":"5"}})", kEnvelope);
  EXPECT_EQ(to_string(in_body.error),
            R"(Small at /body/n (byte 28): expected an integer from -2147483648 to 2147483647, found the string "5")");
  const auto unopened = decode<Small>("[]", kEnvelope);
  EXPECT_EQ(to_string(unopened.error), "the payload (byte 0): expected a JSON object, found an array");
}

}  // namespace
}  // namespace dispytch::codec
