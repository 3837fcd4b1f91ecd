#include "schema/secrets.hpp"

#include <gtest/gtest.h>

#include "schema/schema.hpp"

namespace dispytch::schema {
namespace {

using nlohmann::json;

Schema compiled(const char* text) { return Schema::compile(json::parse(text)).value(); }

TEST(Secrets, AreWhatTheSchemaMarksWriteOnlyWhereverItMayApply) {
  const Schema schema = compiled(R"({
    "type": "object",
    "properties": {
      "user": {"type": "string"},
      "pin": {"$ref": "#/definitions/hidden"},
      "either": {"anyOf": [{"type": "integer"}, {"type": "string", "writeOnly": true}]},
      "list": {"items": {"properties": {"pin": {"writeOnly": true}}}},
      "pair": {"items": [{}, {"writeOnly": true}]}
    },
    "patternProperties": {"^x-": {"writeOnly": true}},
    "if": {}, "then": {"properties": {"late": {"writeOnly": true}}},
    "definitions": {"hidden": {"type": "string", "writeOnly": true}}
  })");
  const json value =
      json::parse(R"({"user": "u", "pin": "1", "either": "2", "list": [{"pin": "3", "x": 4}], "pair": [5, 6], "x-y": 7, "late": 8})");
  EXPECT_EQ(schema.secrets(value), (std::vector<std::string>{"/either", "/late", "/list/0/pin", "/pair/1", "/pin", "/x-y"}));
  EXPECT_EQ(redact(value, schema).dump(),
            R"({"either":"***","late":"***","list":[{"pin":"***","x":4}],"pair":[5,"***"],"pin":"***","user":"u","x-y":"***"})");
}

TEST(Secrets, AreAlsoTheUndescribedThatSoundSecret) {
  const Schema schema = compiled(R"({"properties": {"token_bucket": {"type": "integer"}, "deep": {"type": "object"}}})");
  const json value = json::parse(R"({"token_bucket": 5, "sasl.password": "p", "deep": {"list": [{"api_key": "k", "name": "n"}]}})");
  EXPECT_EQ(schema.secrets(value), (std::vector<std::string>{"/deep/list/0/api_key", "/sasl.password"}));
}

TEST(Secrets, ASecretMappingIsRedactedAsAWhole) {
  const Schema schema = compiled(R"({"properties": {"auth": {"writeOnly": true, "properties": {"password": {"writeOnly": true}}}}})");
  EXPECT_EQ(redact(json::parse(R"({"auth": {"user": "u", "password": "p"}})"), schema).dump(), R"({"auth":"***"})");
}

TEST(Secrets, TellingNamesAreKnown) {
  for (const char* name :
       {"sasl.password", "SSL_KEY_PASSWORD", "client-secret", "AccessToken", "ssl.key.pem", "sasl.jaas.config", "private_key"})
    EXPECT_TRUE(sounds_secret(name)) << name;
  for (const char* name : {"bootstrap.servers", "user", "key", "group.id", "acks"}) EXPECT_FALSE(sounds_secret(name)) << name;
}

TEST(Secrets, ASchemaThatRefersToItselfEnds) {
  const Schema schema = compiled(R"({"properties": {"next": {"$ref": "#"}, "pin": {"writeOnly": true}}})");
  EXPECT_EQ(schema.secrets(json::parse(R"({"next": {"next": {"pin": 1}}})")), std::vector<std::string>{"/next/next/pin"});
}

}  // namespace
}  // namespace dispytch::schema
