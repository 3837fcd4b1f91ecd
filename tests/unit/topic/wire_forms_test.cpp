#include "topic/wire_forms.hpp"

#include <gtest/gtest.h>

namespace dispytch::topic {
namespace {

WireForm named(const char* name) { return {.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::field, .name = name}; }

std::string found(const WireForms& wires, std::string_view topic) {
  const WireForm* wire = wires.find(topic);
  return wire == nullptr ? "none" : wire->name;
}

TEST(TopicWireForms, AreFoundByNameElseByPattern) {
  const WireForms wires{{{"orders", named("a")}, {"user.{id}.notification", named("b")}, {"user.7.notification", named("c")}}};
  EXPECT_EQ(found(wires, "orders"), "a");
  EXPECT_EQ(found(wires, "user.42.notification"), "b");
  EXPECT_EQ(found(wires, "user.7.notification"), "c");
  EXPECT_EQ(found(wires, "user.notification"), "none");
  EXPECT_EQ(found(WireForms{{}}, "orders"), "none");
}

TEST(TopicWireForms, AreFoundByAPatternWithOtherNamesForItsSegments) {
  const WireForms wires{{{"user.{id}.notification", named("b")}}};
  EXPECT_EQ(found(wires, "user.{user_id}.notification"), "b");
}

}  // namespace
}  // namespace dispytch::topic
