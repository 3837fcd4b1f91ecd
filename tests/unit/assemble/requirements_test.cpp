#include "assemble/requirements.hpp"

#include "assemble/dead_letter_topics.hpp"

#include <dispytch/plugin/abi.h>
#include <dispytch/result.hpp>

#include <gtest/gtest.h>

namespace dispytch::assemble {
namespace {

TEST(Requirements, ABackendThatCannotAcknowledgeIsRefusedUnlessThatWasAskedFor) {
  EXPECT_THROW(require_acknowledgement(DISPYTCH_CAN_CONSUME, false, "board"), Exception);
  EXPECT_NO_THROW(require_acknowledgement(DISPYTCH_CAN_CONSUME, true, "board"));
  EXPECT_NO_THROW(require_acknowledgement(DISPYTCH_CAN_ACK_EACH, false, "board"));
}

TEST(Requirements, OrderByKeyTakesABackendThatKeepsAKeyTogether) {
  EXPECT_THROW(require_order(DISPYTCH_CAN_CONSUME, Ordering::key, "board"), Exception);
  EXPECT_NO_THROW(require_order(DISPYTCH_CAN_ORDER_BY_KEY, Ordering::key, "board"));
  EXPECT_NO_THROW(require_order(DISPYTCH_CAN_CONSUME, Ordering::key_local, "board"));
}

TEST(DeadLetterTopics, AreKnownByNameWhereTheListenersTopicsAre) {
  const std::vector<border::ConsumerDocument::Topic> from{{.name = "orders"}, {.pattern = "user.{id}"}, {.name = "bills"}};
  const auto topics = [&](const std::string& text) {
    return dead_letter_topics({.listener = "in", .group = "g", .topic_template = text, .from = from});
  };
  EXPECT_EQ(topics("{topic}.dlq"), (std::vector<std::string>{"orders.dlq", "bills.dlq"}));
  EXPECT_EQ(topics("{listener}.{group}.dead"), std::vector<std::string>{"in.g.dead"});
}

}  // namespace
}  // namespace dispytch::assemble
