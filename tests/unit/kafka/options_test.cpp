// Which options the plugin takes, what it says of the others, and that secrets stay secret. No broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "backend.hpp"
#include "options.hpp"
#include "schema.hpp"
#include "subscription.hpp"
#include "tokens.hpp"

namespace dispytch::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Options read(const std::string& config, Owner owner = Owner::backend) {
  return Options{plugin::Config{R"({"config":)" + config + "}"}.at("config"), owner};
}

std::string refusal(const std::string& config, Owner owner = Owner::backend) {
  try {
    read(config, owner);
  } catch (const plugin::Exception& exception) {
    EXPECT_EQ(exception.error().code, DISPYTCH_ECONFIG);
    return exception.what();
  }
  return "";
}

TEST(KafkaOptions, PassStringsNumbersAndBooleansToLibrdkafka) {
  const Options options = read(R"({"client.id":"me","linger.ms":7,"enable.idempotence":false,"acks":1})");
  const ConfHandle conf{rd_kafka_conf_new()};
  options.apply(conf.get(), RD_KAFKA_PRODUCER);
  for (const auto& [name, expected] : {std::pair{"client.id", "me"}, {"linger.ms", "7"}, {"enable.idempotence", "false"}, {"acks", "1"}}) {
    std::array<char, 64> value{};
    std::size_t size = value.size();
    ASSERT_EQ(rd_kafka_conf_get(conf.get(), name, value.data(), &size), RD_KAFKA_CONF_OK) << name;
    EXPECT_STREQ(value.data(), expected) << name;
  }
}

TEST(KafkaOptions, OfTheBackendReachTheClientsTheyAreFor) {
  const Options options = read(R"({"linger.ms":7,"fetch.min.bytes":3})");
  const ConfHandle conf{rd_kafka_conf_new()};
  options.apply(conf.get(), RD_KAFKA_CONSUMER);
  std::array<char, 64> value{};
  std::size_t size = value.size();
  rd_kafka_conf_get(conf.get(), "fetch.min.bytes", value.data(), &size);
  EXPECT_STREQ(value.data(), "3");
  size = value.size();
  rd_kafka_conf_get(conf.get(), "linger.ms", value.data(), &size);
  EXPECT_STREQ(value.data(), "5");
}

TEST(KafkaOptions, NameThePropertyThatIsUnknownAndTheOneThatWasMeant) {
  const std::string text = refusal(R"({"compresion.type":"zstd"})");
  EXPECT_THAT(text, StartsWith("/config/compresion.type: "));
  EXPECT_THAT(text, HasSubstr("did you mean `compression.type`?"));
  EXPECT_THAT(refusal(R"({"no.such.thing.at.all":1})"), Not(HasSubstr("did you mean")));
}

TEST(KafkaOptions, NameThePropertyWithAValueThatLibrdkafkaRefuses) {
  EXPECT_THAT(refusal(R"({"compression.type":"squeeze"})"), StartsWith("/config/compression.type: "));
  EXPECT_THAT(refusal(R"({"linger.ms":-1})"), StartsWith("/config/linger.ms: "));
  EXPECT_THAT(refusal(R"({"linger.ms":{}})"), HasSubstr("expected a string, a number, true or false"));
  EXPECT_THAT(refusal(R"({"rebalance_cb":"x"})"), StartsWith("/config/rebalance_cb: "));
}

TEST(KafkaOptions, SayWhatToUseInPlaceOfWhatDispytchDecides) {
  EXPECT_THAT(refusal(R"({"auto.offset.reset":"latest"})"), HasSubstr("`start"));
  EXPECT_THAT(refusal(R"({"group.id":"g"})"), HasSubstr("`group`"));
  EXPECT_THAT(refusal(R"({"message.timeout.ms":5})"), HasSubstr("`timeout`"));
  for (const char* name : {"enable.auto.commit", "enable.auto.offset.store", "delivery.timeout.ms", "delivery.report.only.error",
                           "allow.auto.create.topics", "transactional.id", "offset.store.method"}) {
    EXPECT_THAT(refusal(std::string{R"({")"} + name + R"(":"x"})"), StartsWith(std::string{"/config/"} + name + ": not an option here: "));
  }
}

TEST(KafkaOptions, AreRefusedWhereTheyAreOfNoUse) {
  EXPECT_THAT(refusal(R"({"fetch.min.bytes":1})", Owner::producer), HasSubstr("property of consumers"));
  EXPECT_THAT(refusal(R"({"linger.ms":1})", Owner::consumer), HasSubstr("property of producers"));
}

TEST(KafkaOptions, HideASecretOfOneLetterWhereAValueIsShownAlone) {
  const Options options = read(R"({"sasl.password":"e"})");
  const plugin::Secrets& secrets = options.secrets();
  EXPECT_EQ(secrets.hide("the broker's certificate has expired"), "the broker's certificate has expired");
  EXPECT_EQ(secrets.hide("Invalid value \"e\" for password=e"), "Invalid value \"***\" for password=***");
}

TEST(KafkaOptions, HideEverySecretWhereverItStands) {
  const Options options = read(R"({"sasl.password":"geheim","ssl.key.password":"schluessel","sasl.username":"me"})");
  EXPECT_EQ(options.secrets().hide("me:geheim and geheim, schluessel"), "me:*** and ***, ***");
  EXPECT_THAT(refusal(R"({"sasl.password":"geheim","debug":"geheim"})"), Not(HasSubstr("geheim")));
  EXPECT_EQ(read(R"({"sasl.password":"geheim","ssl.key.password":"geheimer"})").secrets().hide("geheim, geheimer"), "***, ***");
}

TEST(KafkaOptions, NeedBrokers) {
  dispytch_host host{};
  host.metric = [](void*, std::uint32_t, const char*, const char*) noexcept -> std::uint32_t { return 1; };
  try {
    Backend backend{plugin::Host{&host}, plugin::Config{R"({"config":{}})"}.at("config")};
    FAIL();
  } catch (const plugin::Exception& exception) {
    EXPECT_THAT(exception.what(), StartsWith("/config: `bootstrap.servers` is missing"));
  }
}

TEST(KafkaSchema, NamesPropertiesThatLibrdkafkaKnows) {
  const std::set<std::string> newer{"sasl.oauthbearer.assertion.private.key.passphrase", "sasl.oauthbearer.assertion.private.key.pem"};
  for (const auto& [name, property] : plugin::Config{kSchema}.at("$defs").at("backend").at("properties").members()) {
    EXPECT_TRUE(Properties::known().find(name) || newer.contains(name)) << name;
  }
}

TEST(KafkaPatterns, BecomeRegularExpressions) {
  EXPECT_EQ(expression_of("user.{user_id}.notification"), R"(^user\.[^.]+\.notification$)");
  EXPECT_EQ(expression_of("^a.*b"), "^a.*b");
}

TEST(KafkaTokens, TellOffsetsApartBeyondTheBitsTheyHold) {
  const std::uint32_t source = DISPYTCH_SOURCE(7, 4095);
  const std::uint64_t base = token_base(source);
  for (const std::int64_t newest : {std::int64_t{0}, std::int64_t{5}, std::int64_t{1} << 36, (std::int64_t{1} << 40) + 3}) {
    for (const std::int64_t behind : {0, 1, 1000}) {
      if (behind > newest) continue;
      const std::uint64_t token = message_token(base, newest - behind);
      EXPECT_EQ(source_of(token), source);
      EXPECT_EQ(offset_of(token, newest), newest - behind);
      EXPECT_FALSE(is_event(token));
    }
  }
  EXPECT_TRUE(is_event(event_token(1)));
}

TEST(KafkaSubscription, KnowsWhetherAnyTopicIsThereForItsPatterns) {
  const auto finds = [](std::string_view topics, const std::map<std::string, std::int32_t, std::less<>>& there,
                        std::string_view hidden = "^__consumer_offsets$") {
    return Subscription{plugin::Config{topics}}.finds_any(there, hidden);
  };
  EXPECT_TRUE(finds(R"([{"name":"orders"}])", {}));
  EXPECT_TRUE(finds(R"([{"name":"orders"},{"pattern":"^none"}])", {{"orders", 1}}));
  EXPECT_FALSE(finds(R"([{"pattern":"^orders.*"}])", {}));
  EXPECT_FALSE(finds(R"([{"pattern":"^orders.*"}])", {{"other", 1}, {"my-orders", 1}}));
  EXPECT_TRUE(finds(R"([{"pattern":"^orders.*"}])", {{"other", 1}, {"orders-eu", 1}}));
  EXPECT_TRUE(finds(R"([{"pattern":"user.{id}.mail"}])", {{"user.7.mail", 1}}));
  EXPECT_FALSE(finds(R"([{"pattern":"user.{id}.mail"}])", {{"user.7.8.mail", 1}}));
  EXPECT_FALSE(finds(R"([{"pattern":"^.*"}])", {{"__consumer_offsets", 50}}));
  EXPECT_FALSE(finds(R"([{"pattern":"^.*"}])", {{"__consumer_offsets", 50}, {"mine", 1}}, "^mine$,^__consumer_offsets$"));
  EXPECT_TRUE(finds(R"([{"pattern":"^(.*"}])", {{"mine", 1}})) << "librdkafka has the word on what it can't read";
}

}  // namespace
}  // namespace dispytch::kafka
