// Members that are made of others: structs, optionals, vectors, maps, variants, time points, free-form JSON.
#include <nlohmann/json.hpp>

#include "unit/codec/codec_support.hpp"

namespace dispytch::codec {
namespace {

struct Inner {
  int a = 0;
  std::string b = {};
};
DISPYTCH_STRUCT(Inner, a, b)

struct Outer {
  static constexpr auto topic = "t";
  static constexpr auto type = "outer";
  static constexpr auto defaulted = fields("later");
  static constexpr WireName wire_names[] = {{"renamed", "the name on the wire"}, {"accented", "žluť"}};
  Inner inner = {};
  int renamed = 0;
  int accented = 0;
  int later = 7;
  std::optional<int> maybe = 9;
};
DISPYTCH_EVENT(Outer, inner, renamed, accented, later, maybe)

TEST(Structs, AreReadInAnyOrderOfTheirFields) {
  const auto event = read<Outer>(R"({"maybe":5,"žluť":4,"later":3,"the name on the wire":2,"inner":{"b":"x","a":1}})");
  EXPECT_EQ(event.inner.a, 1);
  EXPECT_EQ(event.inner.b, "x");
  EXPECT_EQ(event.renamed, 2);
  EXPECT_EQ(event.accented, 4);
  EXPECT_EQ(event.later, 3);
  EXPECT_EQ(event.maybe, 5);
}

TEST(Structs, AreReadWithWhiteSpaceWhereverJsonHasIt) {
  const auto event = read<Outer>(
      " \n{ \"inner\" :\t{ \"a\" : 1 , \"b\" : \"x\" } ,\r\n \"the name on the wire\" : 2 , \"žluť\" : 3 , \"maybe\" : null } ");
  EXPECT_EQ(event.inner.a, 1);
  EXPECT_EQ(event.renamed, 2);
  EXPECT_EQ(event.maybe, std::nullopt);
}

TEST(Structs, AreReadWithFieldNamesInEscapes) {
  const auto event = read<Outer>(R"({"\u0069nner":{"a":1,"b":""},"the name on the wire":2,"\u017elu\u0165":3})");
  EXPECT_EQ(event.inner.a, 1);
  EXPECT_EQ(event.accented, 3);
}

TEST(Structs, AreWrittenInTheOrderOfTheirDescriptionUnderTheirWireNames) {
  EXPECT_EQ(written(Outer{.inner = {1, "x"}, .renamed = 2, .accented = 3}),
            R"({"inner":{"a":1,"b":"x"},"the name on the wire":2,"žluť":3,"later":7,"maybe":9})");
}

TEST(Structs, KeepWhatTheyBeginWithWhereAnOptionalOrDefaultedMemberIsMissing) {
  const auto event = read<Outer>(R"({"inner":{"a":1,"b":""},"the name on the wire":2,"žluť":3})");
  EXPECT_EQ(event.later, 7);
  EXPECT_EQ(event.maybe, 9);
}

TEST(Structs, WithoutARequiredMemberAreRefused) {
  EXPECT_EQ(refusal<Outer>(R"({"inner":{"a":1},"the name on the wire":2,"žluť":3})"),
            "/inner/b @9: expected a string, found no such field");
  EXPECT_EQ(refusal<Outer>(R"({"inner":{"a":1,"b":""},"žluť":3})"),
            "/the name on the wire @0: expected an integer from -2147483648 to 2147483647, found no such field");
  EXPECT_EQ(refusal<Outer>(R"({"inner":{},"the name on the wire":2,"žluť":3})").substr(0, 8), "/inner/a");
  EXPECT_EQ(refusal<Outer>("{}"), "/inner @0: expected an object (Inner), found no such field");
}

TEST(Structs, DontTakeNullForADefaultedMember) {
  EXPECT_EQ(refusal<Outer>(R"({"later":null})"), "/later @9: expected an integer from -2147483648 to 2147483647, found null");
}

TEST(Structs, DontTakeAFieldTwice) {
  EXPECT_EQ(refusal<Outer>(R"({"later":1,"later":1})"), "/later @11: expected each field once, found it a second time");
  EXPECT_EQ(refusal<Outer>(R"({"later":1,"l\u0061ter":1})"), "/later @11: expected each field once, found it a second time");
  EXPECT_EQ(refusal<Outer>(R"({"inner":{"a":1,"a":2}})"), "/inner/a @16: expected each field once, found it a second time");
}

TEST(Structs, TakeNoFieldForAnotherThatBeginsLikeIt) {
  EXPECT_EQ(refusal<Outer>(R"({"inne":1,"innerr":1,"i":1,"":1})"), "/inner @0: expected an object (Inner), found no such field");
  EXPECT_EQ(
      refusal<Outer>(R"({"the name on the wir":1,"the name on the wire ":1,"the name on the wird":1,"inner":{"a":1,"b":""},"žluť":1})")
          .substr(0, 21),
      "/the name on the wire");
}

TEST(Structs, ThatAreNoObjectsAreRefused) {
  EXPECT_EQ(refusal<Outer>(R"({"inner":[1]})"), "/inner @9: expected an object, found an array");
  EXPECT_EQ(refusal<Outer>(R"({"inner":null})"), "/inner @9: expected an object, found null");
}

// Names of every length around the eight and sixteen bytes that are compared at once.
struct Names {
  static constexpr auto topic = "t";
  static constexpr auto type = "names";
  int a = 0, abcdef = 0, abcdefg = 0, abcdefgh = 0, abcdefghi = 0, abcdefghijklmn = 0, abcdefghijklmno = 0, abcdefghijklmnop = 0,
      abcdefghijklmnopqrstuvwxyz = 0;
};
DISPYTCH_EVENT(Names, a, abcdef, abcdefg, abcdefgh, abcdefghi, abcdefghijklmn, abcdefghijklmno, abcdefghijklmnop,
               abcdefghijklmnopqrstuvwxyz)

TEST(Structs, TellNamesOfAllLengthsApart) {
  const auto event = read<Names>(
      R"({"abcdefghijklmnopqrstuvwxyz":9,"abcdefghijklmnop":8,"abcdefghijklmno":7,"abcdefghijklmn":6,"abcdefghi":5,"abcdefgh":4,"abcdefg":3,"abcdef":2,"a":1})");
  EXPECT_EQ(event.a, 1);
  EXPECT_EQ(event.abcdef, 2);
  EXPECT_EQ(event.abcdefg, 3);
  EXPECT_EQ(event.abcdefgh, 4);
  EXPECT_EQ(event.abcdefghi, 5);
  EXPECT_EQ(event.abcdefghijklmn, 6);
  EXPECT_EQ(event.abcdefghijklmno, 7);
  EXPECT_EQ(event.abcdefghijklmnop, 8);
  EXPECT_EQ(event.abcdefghijklmnopqrstuvwxyz, 9);
  const auto missing = [](std::string name) {
    std::string payload = "{";
    for (const std::string other : {"a", "abcdef", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijklmn", "abcdefghijklmno",
                                    "abcdefghijklmnop", "abcdefghijklmnopqrstuvwxyz"}) {
      payload += "\"" + other + (other == name ? "!" : "") + "\":1,";
    }
    payload.back() = '}';
    return refusal<Names>(payload);
  };
  EXPECT_EQ(missing("abcdef").substr(0, 9), "/abcdef @");
  EXPECT_EQ(missing("abcdefg").substr(0, 10), "/abcdefg @");
  EXPECT_EQ(missing("abcdefgh").substr(0, 11), "/abcdefgh @");
  EXPECT_EQ(missing("abcdefghijklmno").substr(0, 18), "/abcdefghijklmno @");
  EXPECT_EQ(missing("abcdefghijklmnopqrstuvwxyz").substr(0, 29), "/abcdefghijklmnopqrstuvwxyz @");
}

struct Many {
  static constexpr auto topic = "t";
  static constexpr auto type = "many";
  static constexpr auto defaulted = fields("list", "bits", "nested", "map", "structs", "by_name");
  std::vector<int> list = {1, 2};
  std::vector<bool> bits = {};
  std::vector<std::vector<std::string>> nested = {};
  std::map<std::string, int> map = {{"kept", 1}};
  std::vector<Inner> structs = {};
  std::map<std::string, std::optional<Inner>, std::less<>> by_name = {};
};
DISPYTCH_EVENT(Many, list, bits, nested, map, structs, by_name)

TEST(Vectors, AreReadAndWritten) {
  const std::string payload =
      R"({"list":[3,4,5],"bits":[true,false,true],"nested":[[],["a"],["b","c"]],"map":{},"structs":[{"a":1,"b":"x"}],"by_name":{}})";
  const auto event = read<Many>(payload);
  EXPECT_EQ(event.list, (std::vector{3, 4, 5}));  // what it began with is gone
  EXPECT_EQ(event.bits, (std::vector{true, false, true}));
  EXPECT_EQ(event.nested, (std::vector<std::vector<std::string>>{{}, {"a"}, {"b", "c"}}));
  EXPECT_EQ(event.structs.at(0).b, "x");
  EXPECT_EQ(written(event), payload);
  EXPECT_EQ(read<Many>(R"({"list":[],"bits":[]})").list, std::vector<int>{});
}

TEST(Vectors, SayWhichElementIsWrong) {
  EXPECT_EQ(refusal<Many>(R"({"list":[1,"x"]})"),
            R"(/list/1 @11: expected an integer from -2147483648 to 2147483647, found the string "x")");
  EXPECT_EQ(refusal<Many>(R"({"nested":[[],[1]]})"), "/nested/1/0 @15: expected a string, found 1");
  EXPECT_EQ(refusal<Many>(R"({"bits":[true,0]})"), "/bits/1 @14: expected true or false, found 0");
  EXPECT_EQ(refusal<Many>(R"({"structs":[{"a":1,"b":""},{"a":1}]})"), "/structs/1/b @27: expected a string, found no such field");
  EXPECT_EQ(refusal<Many>(R"({"list":{}})"), "/list @8: expected an array, found an object");
  EXPECT_EQ(refusal<Many>(R"({"list":[1 2]})"), "/list @11: expected `,` or `]`, found 2");
  EXPECT_EQ(refusal<Many>(R"({"list":[1,]})"), "/list/1 @11: expected an integer from -2147483648 to 2147483647, found `]`");
  EXPECT_EQ(refusal<Many>(R"({"list":[1})"), "/list @10: expected `,` or `]`, found `}`");
}

TEST(Maps, AreReadAndWritten) {
  const auto event = read<Many>(R"({"map":{"\u017e":2,"a b":1,"":0},"by_name":{"x":{"a":1,"b":""},"none":null}})");
  EXPECT_EQ(event.map, (std::map<std::string, int>{{"", 0}, {"a b", 1}, {"ž", 2}}));
  EXPECT_EQ(event.by_name.at("x")->a, 1);
  EXPECT_EQ(event.by_name.at("none"), std::nullopt);
  EXPECT_NE(written(event).find(R"("map":{"":0,"a b":1,"ž":2},)"), std::string::npos);
}

TEST(Maps, SayWhichKeyIsWrong) {
  EXPECT_EQ(refusal<Many>(R"({"map":{"a/b~c":true}})"), "/map/a~1b~0c @16: expected an integer from -2147483648 to 2147483647, found true");
  EXPECT_EQ(refusal<Many>(R"({"map":{"a":1,"\u0061":2}})"), "/map/a @14: expected each field once, found it a second time");
  EXPECT_EQ(refusal<Many>(R"({"map":{"\x":1}})"), R"(/map @8: expected a string with legal escapes, found the string "\x")");
  EXPECT_EQ(refusal<Many>(R"({"map":[]})"), "/map @7: expected an object, found an array");
}

TEST(Maps, WithKeysThatAreNoUtf8AreNotWritten) {
  EXPECT_EQ(refused(Many{.map = {{"\xff", 1}}}), "Many at /map can't be written as JSON: the string is no UTF-8 from its byte 0 on");
  EXPECT_EQ(refused(Many{.nested = {{"", "\xff"}}}),
            "Many at /nested/0/1 can't be written as JSON: the string is no UTF-8 from its byte 0 on");
  EXPECT_EQ(refused(Many{.by_name = {{"k", Inner{1, "\xff"}}}}),
            "Many at /by_name/k/b can't be written as JSON: the string is no UTF-8 from its byte 0 on");
}

struct Card {
  static constexpr auto type = "card";
  std::string digits = {};
};
DISPYTCH_STRUCT(Card, digits)
struct Transfer {
  std::string iban = {};
  std::optional<int> days = {};
};
DISPYTCH_STRUCT(Transfer, iban, days)

struct Paid {
  static constexpr auto topic = "t";
  static constexpr auto type = "paid";
  static constexpr auto defaulted = fields("others");
  std::variant<Card, Transfer> by = {};
  std::vector<std::variant<Card, Transfer>> others = {};
};
DISPYTCH_EVENT(Paid, by, others)

TEST(Variants, AreToldApartByTheirTag) {
  const auto card = read<Paid>(R"({"by":{"type":"card","digits":"1234"}})");
  EXPECT_EQ(std::get<Card>(card.by).digits, "1234");
  EXPECT_EQ(written(card), R"({"by":{"type":"card","digits":"1234"},"others":[]})");
  const auto transfer =
      read<Paid>(R"({"by":{"unknown":[{}],"iban":"DE","t\u0079pe":"Transf\u0065r"},"others":[{"digits":"","type":"card"}]})");
  EXPECT_EQ(std::get<Transfer>(transfer.by).iban, "DE");
  EXPECT_EQ(transfer.others.size(), 1U);
  EXPECT_EQ(written(transfer), R"({"by":{"type":"Transfer","iban":"DE","days":null},"others":[{"type":"card","digits":""}]})");
}

TEST(Variants, WithoutATagOfTheirsAreRefused) {
  const std::string expected = R"(expected an object whose `type` is one of "card", "Transfer", found )";
  EXPECT_EQ(refusal<Paid>(R"({"by":{"digits":""}})"), "/by/type @6: " + expected + "no such field");
  EXPECT_EQ(refusal<Paid>(R"({"by":{"type":"cash"}})"), "/by/type @14: " + expected + R"(the string "cash")");
  EXPECT_EQ(refusal<Paid>(R"({"by":{"type":1}})"), "/by/type @14: " + expected + "1");
  EXPECT_EQ(refusal<Paid>(R"({"by":{"type":"\x"}})"), R"(/by/type @14: expected a string with legal escapes, found the string "\x")");
  EXPECT_EQ(refusal<Paid>(R"({"by":{"\x":1}})"), R"(/by @7: expected a string with legal escapes, found the string "\x")");
  EXPECT_EQ(refusal<Paid>(R"({"by":{"x":nul,"type":"card"}})"), "/by/x @11: expected a JSON value, found nul");
  EXPECT_EQ(refusal<Paid>(R"({"by":[]})"), "/by @6: expected an object, found an array");
}

TEST(Variants, AreCheckedLikeOtherStructs) {
  EXPECT_EQ(refusal<Paid>(R"({"by":{"type":"card"}})"), "/by/digits @6: expected a string, found no such field");
  EXPECT_EQ(refusal<Paid>(R"({"by":{"type":"card","digits":"","type":"card"}})"),
            "/by/type @33: expected each field once, found it a second time");
  EXPECT_EQ(refusal<Paid>(R"({"by":{"type":"card","digits":1}})"), "/by/digits @30: expected a string, found 1");
}

TEST(Variants, WithoutAValueAreNotWritten) {
  struct Throws {
    operator Transfer() const { throw std::runtime_error{"in the middle"}; }
  };
  Paid event;
  EXPECT_THROW(event.by.emplace<Transfer>(Throws{}), std::runtime_error);
  ASSERT_TRUE(event.by.valueless_by_exception());
  EXPECT_EQ(refused(event), "Paid at /by can't be written as JSON: the variant lost its value to an exception");
}

struct Free {
  static constexpr auto topic = "t";
  static constexpr auto type = "free";
  nlohmann::json any = {};
};
DISPYTCH_EVENT(Free, any)

TEST(FreeFormJson, IsReadAndWrittenAsItIs) {
  const std::string payload = R"({"any":{"a":[1,-1,18446744073709551615,0.5,true,false,null,"\u00e9"],"b":{},"c":[]}})";
  const auto event = read<Free>(payload);
  EXPECT_EQ(event.any, nlohmann::json::parse(payload).at("any"));
  EXPECT_TRUE(event.any["a"][2].is_number_unsigned());
  EXPECT_TRUE(event.any["a"][1].is_number_integer());
  EXPECT_EQ(written(event), R"({"any":{"a":[1,-1,18446744073709551615,0.5,true,false,null,"é"],"b":{},"c":[]}})");
  EXPECT_EQ(read<Free>(R"({"any":null})").any, nullptr);
  EXPECT_EQ(read<Free>(R"({"any":"x"})").any, "x");
}

TEST(FreeFormJson, TakesNumbersAsNlohmannDoes) {
  for (const std::string digits : {"18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "-9223372036854775808",
                                   "18446744073709551615", "-0.0", "1E2", "1e-400"}) {
    EXPECT_EQ(read<Free>(R"({"any":[)" + digits + "]}").any, nlohmann::json::parse("[" + digits + "]")) << digits;
    EXPECT_EQ(read<Free>(R"({"any":)" + digits + "}").any.type(), nlohmann::json::parse(digits).type()) << digits;
  }
}

TEST(FreeFormJson, RefusesWhatItCannotHold) {
  EXPECT_EQ(refusal<Free>(R"({"any":1e400})"), "/any @7: expected a number that fits a double, found 1e400");
  EXPECT_EQ(refusal<Free>(R"({"any":{"a":{"b":1,"b":1}}})"), "/any/a/b @19: expected each field once, found it a second time");
  EXPECT_EQ(refusal<Free>(R"({"any":nul})"), "/any @7: expected a JSON value, found nul");
  EXPECT_EQ(refusal<Free>(R"({"any":["\x"]})"), R"(/any/0 @8: expected a string with legal escapes, found the string "\x")");
  EXPECT_EQ(refusal<Free>(R"({"any":{"\x":1}})"), R"(/any @8: expected a string with legal escapes, found the string "\x")");
}

TEST(FreeFormJson, ThatIsNoJsonIsNotWritten) {
  EXPECT_EQ(refused(Free{{{"a", {1, NAN}}}}), "Free at /any/a/1 can't be written as JSON: JSON has no NaN");
  EXPECT_EQ(refused(Free{"\xff"}), "Free at /any can't be written as JSON: the string is no UTF-8 from its byte 0 on");
  EXPECT_EQ(refused(Free{{{"\xff", 1}}}), "Free at /any can't be written as JSON: the string is no UTF-8 from its byte 0 on");
  EXPECT_EQ(refused(Free{nlohmann::json::binary({1})}), "Free at /any can't be written as JSON: JSON has no bytes");
  EXPECT_EQ(refused(Free{nlohmann::json(nlohmann::json::value_t::discarded)}),
            "Free at /any can't be written as JSON: the nlohmann::json value was discarded by its parser");
}

struct Times {
  static constexpr auto topic = "t";
  static constexpr auto type = "times";
  static constexpr auto unix_ms = fields("at_ms", "maybe_ms", "many_ms");
  static constexpr auto defaulted = fields("at_ms", "many_ms", "at_s", "at_ns");
  std::chrono::sys_time<std::chrono::milliseconds> at = {};
  std::chrono::sys_seconds at_ms = {};
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> maybe_ms = {};
  std::vector<std::chrono::sys_time<std::chrono::microseconds>> many_ms = {};
  std::chrono::sys_seconds at_s = {};
  std::chrono::sys_time<std::chrono::nanoseconds> at_ns = {};
};
DISPYTCH_EVENT(Times, at, at_ms, maybe_ms, many_ms, at_s, at_ns)

TEST(Times, TravelAsTextUnlessTheStructSaysUnixMilliseconds) {
  const std::string payload =
      R"({"at":"2026-01-02T03:04:05.678Z","at_ms":-1000,"maybe_ms":1753000000001,"many_ms":[0,1],"at_s":"1969-12-31T23:59:59Z","at_ns":"2026-01-02T03:04:05.678901234Z"})";
  const auto event = read<Times>(payload);
  using namespace std::chrono_literals;
  EXPECT_EQ(event.at, std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 3h + 4min + 5s + 678ms);
  EXPECT_EQ(event.at_ms.time_since_epoch(), -1s);
  EXPECT_EQ(event.maybe_ms->time_since_epoch(), 1753000000001ms);
  EXPECT_EQ(event.many_ms.at(1).time_since_epoch(), 1ms);
  EXPECT_EQ(event.at_s.time_since_epoch(), -1s);
  EXPECT_EQ(written(event), payload);
}

TEST(Times, OfAnotherFormAreRefused) {
  const std::string expected = "expected an RFC 3339 time with its offset, such as \"2026-01-02T03:04:05Z\", found ";
  EXPECT_EQ(refusal<Times>(R"({"at":1753000000})"), "/at @6: " + expected + "1753000000");
  EXPECT_EQ(refusal<Times>(R"({"at":"2026-01-02"})"), "/at @6: " + expected + R"(the string "2026-01-02")");
  EXPECT_EQ(refusal<Times>(R"({"at":"\x"})"), R"(/at @6: expected a string with legal escapes, found the string "\x")");
  EXPECT_EQ(refusal<Times>(R"({"at_ms":"2026-01-02T03:04:05Z"})"),
            R"(/at_ms @9: expected a time in milliseconds since 1970, as an integer, found the string "2026-01-02T03:04:05Z")");
  EXPECT_EQ(refusal<Times>(R"({"at_ms":1.5})"), "/at_ms @9: expected a time in milliseconds since 1970, as an integer, found 1.5");
}

TEST(Times, BeyondTheMembersTypeAreRefused) {
  EXPECT_EQ(refusal<Times>(R"({"at_ns":"3000-01-01T00:00:00Z"})"),
            R"(/at_ns @9: expected a time that the member's type can hold, found the string "3000-01-01T00:00:00Z")");
  EXPECT_EQ(refusal<Times>(R"({"maybe_ms":9223372036854775807})"),
            "/maybe_ms @12: expected a time that the member's type can hold, found 9223372036854775807");
}

TEST(Times, ThatTheirFormDoesntHaveAreNotWritten) {
  EXPECT_EQ(refused(Times{.at_s = std::chrono::sys_seconds{std::chrono::seconds{253'402'300'800}}}),
            "Times at /at_s can't be written as JSON: RFC 3339 has no time before the year 0 or after 9999");
  EXPECT_EQ(refused(Times{.at_ms = std::chrono::sys_seconds{std::chrono::seconds::max()}}),
            "Times at /at_ms can't be written as JSON: the time doesn't fit 64 bits of milliseconds");
}

}  // namespace
}  // namespace dispytch::codec
