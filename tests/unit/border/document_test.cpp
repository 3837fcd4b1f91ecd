#include "border/document.hpp"

#include <dispytch/result.hpp>

#include <gtest/gtest.h>

namespace dispytch::border {
namespace {

using nlohmann::json;

TEST(Document, OfABackendHoldsItsConfig) { EXPECT_EQ(config_document({{"acks", "all"}}), R"({"config":{"acks":"all"}})"); }

TEST(Document, OfAProducerHoldsTheDeliveryTimeout) {
  EXPECT_EQ(json::parse(producer_document(json::object(), std::chrono::seconds{5})), json::parse(R"({"config":{},"timeout_ms":5000})"));
}

TEST(Document, OfAConsumerHoldsTheFrozenKeys) {
  const ConsumerDocument document{.topics = {{.name = "flights"}, {.pattern = "user.{id}", .config = {{"a", 1}}}},
                                  .group = "billing",
                                  .start = "latest",
                                  .max_unsettled = 1000,
                                  .drain = std::chrono::seconds{25},
                                  .config = {{"b", true}}};
  EXPECT_EQ(json::parse(consumer_document(document)), json::parse(R"({
    "topics": [{"name": "flights", "config": {}}, {"pattern": "user.{id}", "config": {"a": 1}}],
    "group": "billing", "start": "latest", "max_unsettled": 1000, "drain_ms": 25000, "config": {"b": true}})"));
}

TEST(Document, LeavesOutWhatIsNotSaid) {
  EXPECT_EQ(json::parse(consumer_document({})), json::parse(R"({"topics": [], "start": "earliest", "config": {}})"));
}

TEST(Document, RefusesWhatIsNoUtf8WithoutShowingIt) {
  try {
    (void)consumer_document({.topics = {{.name = "ok"}, {.name = "t\xff"}}});
    FAIL() << "it was taken";
  } catch (const Exception& exception) {
    EXPECT_STREQ(exception.what(), "/topics/1/name: expected UTF-8, as all names and options are for a broker; found bytes that are none");
  }
  EXPECT_THROW(config_document({{"k\xff", 1}}), Exception);
}

}  // namespace
}  // namespace dispytch::border
