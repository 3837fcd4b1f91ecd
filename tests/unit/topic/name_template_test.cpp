#include "topic/name_template.hpp"

#include <gtest/gtest.h>

namespace dispytch::topic {
namespace {

TEST(TopicTemplate, IsFilledInWithNames) {
  const Names names{.topic = "orders", .listener = "billing", .group = "g"};
  EXPECT_EQ(fill_in("{topic}.dlq", names), "orders.dlq");
  EXPECT_EQ(fill_in("{group}{listener}{topic}", names), "gbillingorders");
  EXPECT_EQ(fill_in("{topic}-{topic}", names), "orders-orders");
  EXPECT_EQ(fill_in("dead", names), "dead");
  EXPECT_EQ(fill_in("", names), "");
}

TEST(TopicTemplate, TakesNamesAsTheyAre) {
  EXPECT_EQ(fill_in("{topic}.{group}", {.topic = "{group}", .group = "}{"}), "{group}.}{");
  EXPECT_EQ(fill_in("{listener}", {}), "");
}

TEST(TopicTemplate, KnowsWhatIsWrongWithItsBraces) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(template_problems("{topic}.{listener}.{group}"), Texts{});
  EXPECT_EQ(template_problems("dead"), Texts{});
  EXPECT_EQ(template_problems("{Topic}"), Texts{"unknown placeholder `{Topic}`; did you mean `{topic}`?"});
  EXPECT_EQ(template_problems("{key}.{topic}"), Texts{"unknown placeholder `{key}`; there are `{topic}`, `{listener}` and `{group}`"});
  EXPECT_EQ(template_problems("a{"), Texts{"a `{` without its `}`"});
  EXPECT_EQ(template_problems("}a"), Texts{"a `}` without its `{`"});
  EXPECT_EQ(template_problems("{topic{topic}}"), (Texts{"a `{` without its `}`", "a `}` without its `{`"}));
}

}  // namespace
}  // namespace dispytch::topic
