#include <cstdint>

#include "codec/path_text.hpp"
#include "unit/codec/codec_support.hpp"

namespace dispytch::codec {
namespace {

enum class Region { north, south };
DISPYTCH_ENUM(Region, north, south)

struct Account {
  std::optional<std::string> name = {};
  std::int64_t number = 0;
};
DISPYTCH_STRUCT(Account, name, number)

struct ByName {
  static constexpr auto topic = "accounts";
  static constexpr auto type = "by_name";
  static constexpr auto partition_by = "account.name";
  std::optional<Account> account = {};
};
DISPYTCH_EVENT(ByName, account)

struct ByNumber {
  static constexpr auto topic = "accounts";
  static constexpr auto type = "by_number";
  static constexpr auto partition_by = "account.number";
  Account account = {};
};
DISPYTCH_EVENT(ByNumber, account)

struct ByRegion {
  static constexpr auto topic = "{region}.{account.name}.by.{account.number}";
  static constexpr auto type = "by_region";
  static constexpr auto partition_by = "region";
  Region region = Region::north;
  Account account = {};
};
DISPYTCH_EVENT(ByRegion, region, account)

template <class T>
std::optional<std::string> key_of(const T& event) {
  std::string key = "kept:";
  const bool present = write_key(detail::event_type<T>(), &event, key);
  EXPECT_TRUE(key.starts_with("kept:"));
  return present ? std::optional{key.substr(5)} : std::nullopt;
}

TEST(Key, IsAStringsBytesAnIntegersDigitsOrAnEnumerationsName) {
  EXPECT_EQ(key_of(ByName{Account{"é\n"}}), "é\n");
  EXPECT_EQ(key_of(ByNumber{{.number = -42}}), "-42");
  EXPECT_EQ(key_of(ByNumber{{.number = std::numeric_limits<std::int64_t>::min()}}), "-9223372036854775808");
  EXPECT_EQ(key_of(ByRegion{Region::south}), "south");
}

TEST(Key, IsAbsentWhereAnOptionalOnTheWayIsEmpty) {
  EXPECT_EQ(key_of(ByName{}), std::nullopt);
  EXPECT_EQ(key_of(ByName{Account{}}), std::nullopt);
}

TEST(Key, MayBeEmpty) { EXPECT_EQ(key_of(ByName{Account{""}}), ""); }

struct NoKey {
  static constexpr auto topic = "plain";
  static constexpr auto type = "no_key";
};
DISPYTCH_EVENT(NoKey)

TEST(Key, IsAbsentWhereTheEventNamesNone) { EXPECT_EQ(key_of(NoKey{}), std::nullopt); }

TEST(Key, IsAbsentWhereAnEnumerationsValueHasNoName) { EXPECT_EQ(key_of(ByRegion{static_cast<Region>(9)}), std::nullopt); }

template <class I>
std::string integer_key(I value) {
  std::string out;
  EXPECT_TRUE(append_text(detail::ValueType{detail::integer_kind<I>()}, &value, out));
  return out;
}

TEST(Key, MayBeAnIntegerOfAnyWidth) {
  EXPECT_EQ(integer_key<std::int8_t>(-128), "-128");
  EXPECT_EQ(integer_key<std::int16_t>(-32768), "-32768");
  EXPECT_EQ(integer_key<std::int32_t>(-5), "-5");
  EXPECT_EQ(integer_key<std::uint8_t>(255), "255");
  EXPECT_EQ(integer_key<std::uint16_t>(65535), "65535");
  EXPECT_EQ(integer_key<std::uint32_t>(4'294'967'295), "4294967295");
  EXPECT_EQ(integer_key<std::uint64_t>(18'446'744'073'709'551'615U), "18446744073709551615");
}

template <class T>
std::string topic_of(const T& event) {
  std::string topic = "kept:";
  const Result<void> result = write_topic(detail::event_type<T>(), &event, topic);
  return result ? topic : result.error().text + " " + topic;
}

TEST(Topic, IsPlainOrFilledIn) {
  EXPECT_EQ(topic_of(NoKey{}), "kept:plain");
  EXPECT_EQ(topic_of(ByRegion{Region::south, {"Zoë_1-x", 7}}), "kept:south.Zoë_1-x.by.7");
}

TEST(Topic, WithoutAValueForAPlaceholderIsRefused) {
  const std::string start = "ByRegion: the topic `{region}.{account.name}.by.{account.number}` needs a value for ";
  EXPECT_EQ(topic_of(ByRegion{Region::south, {"", 7}}), start + "{account.name}, but it is empty kept:");
  EXPECT_EQ(topic_of(ByRegion{Region::south, {std::nullopt, 7}}), start + "{account.name}, but it is empty kept:");
  EXPECT_EQ(topic_of(ByRegion{static_cast<Region>(9), {"x", 7}}), start + "{region}, but it is empty kept:");
}

TEST(Topic, WithACharacterThatSplitsOrMatchesIsRefused) {
  for (const std::string& name :
       std::vector<std::string>{"a.b", "a/b", "*", "a>", "#", "+", "a b", "a\n", "{x}", "\x7f", std::string(1, '\0')}) {
    EXPECT_EQ(topic_of(ByRegion{Region::south, {name, 7}}),
              "ByRegion: the topic `{region}.{account.name}.by.{account.number}` needs a value for {account.name}, but it is `" + name +
                  "`, which has a character that no segment of a topic may have kept:");
  }
}

}  // namespace
}  // namespace dispytch::codec
