#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>

#include "unit/codec/codec_support.hpp"

namespace dispytch::codec {
namespace {

TEST(ScanType, FindsTheTypeOfAnEnvelope) {
  EXPECT_EQ(scan_type(R"({"id":"x","type":"a","body":{}})", kEnvelope), "a");
  EXPECT_EQ(scan_type(" {\n\"type\" :\t\"a\" , \"id\" : 5 } ", kEnvelope), "a");
  EXPECT_EQ(scan_type(R"({"type":""})", kEnvelope), "");
  EXPECT_EQ(scan_type(R"({"type":"a long type with more than eight bytes"})", kEnvelope), "a long type with more than eight bytes");
}

TEST(ScanType, FindsTheFieldOfAFlatPayload) {
  const WireForm form = flat(WireForm::TypeFrom::field, "kind");
  EXPECT_EQ(scan_type(R"({"type":"no","kind":"a"})", form), "a");
  EXPECT_EQ(scan_type(R"({"type":"no"})", form), std::nullopt);
}

TEST(ScanType, KnowsAFixedTypeAndNoneInHeadersOrNowhere) {
  EXPECT_EQ(scan_type("no JSON", flat(WireForm::TypeFrom::fixed, "a")), "a");
  EXPECT_EQ(scan_type(R"({"x-type":"a"})", flat(WireForm::TypeFrom::header, "x-type")), std::nullopt);
  EXPECT_EQ(scan_type(R"({"type":"a"})", kFlat), std::nullopt);
}

TEST(ScanType, PassesOverWhateverStandsBefore) {
  EXPECT_EQ(scan_type(R"({"body":{"type":"inner","a":[{"type":"deep"}]},"type":"a"})", kEnvelope), "a");
  EXPECT_EQ(scan_type(R"({"body":"{\"type\":\"no\"}","type":"a"})", kEnvelope), "a");
  EXPECT_EQ(scan_type(R"({"body":"}]}\\","type":"a"})", kEnvelope), "a");
  EXPECT_EQ(scan_type(R"({"body":{"brace":"}","quote":"\"","x":["]"]},"type":"a"})", kEnvelope), "a");
  EXPECT_EQ(scan_type(R"({"a":1,"b":-1.5e3,"c":true,"d":null,"e":[],"f":{},"type":"a"})", kEnvelope), "a");
  EXPECT_EQ(scan_type(R"({ "a" : 1 , "b" : [ 1 , 2 ] , "type" : "a" })", kEnvelope), "a");
  EXPECT_EQ(scan_type(R"({"typ":"no","types":"no","Type":"no","type":"a"})", kEnvelope), "a");
}

TEST(ScanType, LeavesEscapesToTheDecoder) {
  EXPECT_EQ(scan_type(R"({"type":"\u0061"})", kEnvelope), std::nullopt);
  EXPECT_EQ(scan_type(R"({"t\u0079pe":"a"})", kEnvelope), std::nullopt);
  EXPECT_EQ(scan_type(R"({"t\u0079pe":"a","type":"b"})", kEnvelope), std::nullopt);
}

TEST(ScanType, FindsNothingWhereThereIsNone) {
  for (const char* payload : {"", "{", "{}", "[]", "null", R"("type")", R"({"a":1})", R"({"type":5})", R"({"type":null})", R"({"type")",
                              R"({"type":)", R"({"type":"a)", R"({"a":"x)", R"({"a":"x\)", R"({"a":[1)", R"({"a":{"type":"b"})",
                              R"({"a" "type":"b"})", R"({a:1,"type":"b"})", R"({"a":1 "type":"b"})"}) {
    EXPECT_EQ(scan_type(payload, kEnvelope), std::nullopt) << payload;
  }
}

/// Random JSON with what could mislead a scan.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_{seed} {}

  nlohmann::json value(int depth) {
    switch (pick(depth > 3 ? 5 : 7)) {
      case 0: return nullptr;
      case 1: return pick(2) == 0;
      case 2: return static_cast<int>(pick(2000)) - 1000;
      case 3: return pick(1000) / 7.0;
      case 4: return text();
      case 5: {
        auto array = nlohmann::json::array();
        for (std::size_t i = pick(4); i > 0; --i) array.push_back(value(depth + 1));
        return array;
      }
      default: {
        auto object = nlohmann::json::object();
        for (std::size_t i = pick(4); i > 0; --i) object[text()] = value(depth + 1);
        return object;
      }
    }
  }
  std::string text() {
    static const std::vector<std::string> pieces{"type", "\"", "\\", "{", "}", "[", "]", ",", ":", "a", "é", "\n", "body", " "};
    std::string result;
    for (std::size_t i = pick(4); i > 0; --i) result += pieces[pick(pieces.size())];
    return result;
  }
  std::size_t pick(std::size_t bound) { return random_() % bound; }

 private:
  std::mt19937_64 random_;
};

TEST(ScanType, SaysWhatTheDecoderSaysOrNothing) {
  Generator generate{7};
  Decoder decoder;
  DecodeError error;
  int found = 0;
  for (int i = 0; i < 5000; ++i) {
    // An object put together by hand, so that its fields come in any order.
    std::vector<std::pair<std::string, nlohmann::json>> fields;
    for (std::size_t n = generate.pick(5); n > 0; --n) fields.emplace_back(generate.text() + "_", generate.value(0));
    if (generate.pick(4) != 0)
      fields.insert(fields.begin() + static_cast<std::ptrdiff_t>(generate.pick(fields.size() + 1)), {"type", generate.text()});
    std::string payload = "{";
    for (const auto& [name, value] : fields) {
      payload += (payload.size() > 1 ? ", " : "") + nlohmann::json(name).dump() + ": " + value.dump(static_cast<int>(generate.pick(3)) - 1);
    }
    payload += "}";
    const auto scanned = scan_type(payload, kEnvelope);
    const bool opened = decoder.open(payload, kEnvelope, {}, error);
    if (scanned) {
      ASSERT_TRUE(opened) << payload;
      EXPECT_EQ(*scanned, decoder.type()) << payload;
      ++found;
    } else if (opened) {
      EXPECT_NE(payload.find('\\'), std::string::npos) << payload;  // nothing but escapes excuses it
    }
  }
  EXPECT_GT(found, 1000);
}

}  // namespace
}  // namespace dispytch::codec
