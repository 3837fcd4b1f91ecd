#include <dispytch/plugin/config.hpp>

#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dispytch::plugin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class F>
Error thrown_by(F&& body) {
  try {
    std::forward<F>(body)();
  } catch (const Exception& exception) {
    return exception.error();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Config, ReadsEveryKindOfValue) {
  const Config config{
      R"( {"text": "a", "flag": true, "off": false, "count": -3, "big": 18446744073709551615, "ratio": 2.5e-1, "none": null} )"};
  EXPECT_EQ(config.require<std::string>("text"), "a");
  EXPECT_TRUE(config.require<bool>("flag"));
  EXPECT_FALSE(config.require<bool>("off"));
  EXPECT_EQ(config.require<int>("count"), -3);
  EXPECT_EQ(config.require<std::uint64_t>("big"), UINT64_MAX);
  EXPECT_EQ(config.require<double>("ratio"), 0.25);
  EXPECT_EQ(config.require<double>("count"), -3.0);
  EXPECT_EQ(Config{R"({"linger": 250})"}.require<std::chrono::milliseconds>("linger"), std::chrono::milliseconds{250});
  EXPECT_EQ(config.at("none").kind(), Config::Kind::null);
}

TEST(Config, TakesADefaultWhereAMemberIsMissingOrNull) {
  const Config config{R"({"none": null, "count": 3})"};
  EXPECT_EQ(config.get("count", 7), 3);
  EXPECT_EQ(config.get("missing", 7), 7);
  EXPECT_EQ(config.get("none", 7), 7);
  EXPECT_EQ(config.get("missing", "text"), "text");
  EXPECT_EQ(config.get<int>("count"), 3);
  EXPECT_EQ(config.get<int>("none"), std::nullopt);
  EXPECT_FALSE(static_cast<bool>(config.at("missing")));
  EXPECT_FALSE(static_cast<bool>(config.at("none")));
}

TEST(Config, OfNothingIsAbsentAllTheWayDown) {
  const Config nothing;
  EXPECT_EQ(nothing.kind(), Config::Kind::absent);
  EXPECT_EQ(nothing.at("a").at("b").get("c", 1), 1);
  EXPECT_THAT(nothing.members(), IsEmpty());
  EXPECT_THAT(nothing.elements(), IsEmpty());
  EXPECT_EQ(nothing.text(), "");
  EXPECT_EQ(Config{R"({"a": 3})"}.at("a").at("b").kind(), Config::Kind::absent);
}

TEST(Config, WalksMembersAndElementsInTheirOrder) {
  const Config config{R"({ "b" : [ 1 , {"x": [2]} , "]," ] , "a" : { } , "c": [] })"};
  std::vector<std::string> names;
  for (const auto& [name, value] : config.members()) names.push_back(name + "=" + std::string{value.text()});
  EXPECT_THAT(names, ElementsAre(R"(b=[ 1 , {"x": [2]} , "]," ])", "a={ }", "c=[]"));
  const std::vector<Config> elements = config.at("b").elements();
  ASSERT_EQ(elements.size(), 3u);
  EXPECT_EQ(elements[0].as<int>(), 1);
  EXPECT_EQ(elements[1].at("x").elements()[0].as<int>(), 2);
  EXPECT_EQ(elements[2].as<std::string>(), "],");
  EXPECT_THAT(config.at("c").elements(), IsEmpty());
  EXPECT_THAT(config.at("a").members(), IsEmpty());
}

TEST(Config, DecodesEscapesInTextsAndNames) {
  const Config config{R"({"\u0061\"": "\b\f\n\r\t\/\\\"\u00e9\u20ac\ud83d\ude00"})"};
  EXPECT_EQ(config.require<std::string>("a\""), "\b\f\n\r\t/\\\"é€😀");
}

TEST(Config, LivesLongerThanTheTextItWasMadeOf) {
  Config config;
  {
    const std::string text = R"({"name": "a text that is too long for the string itself"})";
    config = Config{text}.at("name");
  }
  EXPECT_EQ(config.as<std::string>(), "a text that is too long for the string itself");
}

TEST(Config, NamesThePlaceWhereAValueIsOfAnotherType) {
  const Config config{R"({"config": {"acks": "all", "a/b~c": [1, "x"], "small": 300}})"};
  const Error acks = thrown_by([&] { (void)config.at("config").require<int>("acks"); });
  EXPECT_EQ(acks.code, DISPYTCH_ECONFIG);
  EXPECT_EQ(acks.text, R"(/config/acks: expected an integer between -2147483648 and 2147483647, found "all")");
  EXPECT_EQ(thrown_by([&] { (void)config.at("config").at("a/b~c").elements()[1].as<bool>(); }).text,
            R"(/config/a~1b~0c/1: expected true or false, found "x")");
  EXPECT_EQ(thrown_by([&] { (void)config.at("config").require<std::uint8_t>("small"); }).text,
            "/config/small: expected an integer between 0 and 255, found 300");
  EXPECT_EQ(thrown_by([&] { (void)config.require<std::string>("name"); }).text, "/name: expected a string, found nothing");
  EXPECT_EQ(thrown_by([&] { (void)config.require<double>("config"); }).text.substr(0, 34), "/config: expected a number, found ");
}

TEST(Config, PutsItsPlaceBeforeThePluginsOwnError) {
  const Error error = Config{R"({"config": {"acks": 1}})"}.at("config").at("acks").error("expected `all`");
  EXPECT_EQ(error.code, DISPYTCH_ECONFIG);
  EXPECT_EQ(error.text, "/config/acks: expected `all`");
}

TEST(Config, RefusesAnIntegerThatIsNone) {
  EXPECT_THAT(thrown_by([] { (void)Config{"1.5"}.as<int>(); }).text, HasSubstr("found 1.5"));
  EXPECT_THAT(thrown_by([] { (void)Config{"-1"}.as<unsigned>(); }).text, HasSubstr("found -1"));
  EXPECT_THAT(thrown_by([] { (void)Config{"true"}.as<int>(); }).text, HasSubstr("found true"));
}

TEST(Config, RefusesTextThatIsNoJson) {
  for (const char* text : {"", "   ", "{", "[1", "\"open", "}", "]", ",", ":", "{\"a\"", "{\"a\":", "\"\\", "[\"\\\"]"}) {
    EXPECT_EQ(thrown_by([&] { (void)Config{text}; }).code, DISPYTCH_EINVAL) << text;
  }
  EXPECT_EQ(thrown_by([] { (void)Config{R"({"a" 1})"}.members(); }).code, DISPYTCH_EINVAL);
  EXPECT_EQ(thrown_by([] { (void)Config{R"({1: 2})"}.members(); }).code, DISPYTCH_EINVAL);
  EXPECT_EQ(thrown_by([] { (void)Config{R"("\u12g4")"}.as<std::string>(); }).code, DISPYTCH_EINVAL);
}

}  // namespace
}  // namespace dispytch::plugin
