// What the macros make of a struct.
#include <dispytch/describe.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dispytch {
namespace {

struct Aircraft {
  std::string tail_number = {};
};
DISPYTCH_STRUCT(Aircraft, tail_number)

struct Departed {
  static constexpr auto topic = "{carrier}.flights.{aircraft.tail_number}";
  static constexpr auto type = "departed";
  static constexpr auto partition_by = "aircraft.tail_number";
  static constexpr auto defaulted = fields("flight");
  static constexpr WireName wire_names[] = {{"flight", "flightNumber"}};

  bool unused = false;  // not described
  std::optional<Aircraft> aircraft = {};
  std::string carrier = {};
  int flight = 0;
  std::vector<Departed> next = {};
};
DISPYTCH_EVENT(Departed, carrier, aircraft, flight, next)

using detail::event_type;
using detail::Kind;
using detail::type_table;

TEST(Describe, TakesTheMembersInTheOrderOfTheMacro) {
  const auto& table = type_table<Departed>();
  EXPECT_EQ(table.name, "Departed");
  ASSERT_EQ(table.fields.size(), 4U);
  EXPECT_EQ(table.fields[0].name(), "carrier");
  EXPECT_EQ(table.fields[1].name(), "aircraft");
  EXPECT_EQ(table.fields[2].name(), "flightNumber");
  EXPECT_EQ(table.fields[2].key_text(), ",\"flightNumber\":");
  EXPECT_EQ(table.fields[3].index, 3);
  EXPECT_EQ(table.fields[0].kind, Kind::string);
  EXPECT_EQ(table.fields[1].kind, Kind::optional);
  EXPECT_EQ(table.fields[2].kind, Kind::int32);
  EXPECT_EQ(table.fields[3].kind, Kind::sequence);
}

TEST(Describe, KnowsWhereEachMemberLies) {
  const Departed event;
  const auto offset = [&](const auto& member) {
    return static_cast<std::uint32_t>(reinterpret_cast<const char*>(&member) - reinterpret_cast<const char*>(&event));
  };
  const auto& table = type_table<Departed>();
  EXPECT_EQ(table.fields[0].offset, offset(event.carrier));
  EXPECT_EQ(table.fields[1].offset, offset(event.aircraft));
  EXPECT_EQ(table.fields[2].offset, offset(event.flight));
  EXPECT_EQ(table.fields[3].offset, offset(event.next));
}

TEST(Describe, RequiresAllButOptionalAndDefaultedMembers) { EXPECT_EQ(type_table<Departed>().required, 0b1001U); }

TEST(Describe, LeadsFromATypeToItself) {
  const auto& table = type_table<Departed>();
  EXPECT_EQ(table.fields[3].type->sequence->element->structure, &table);
  EXPECT_EQ(table.fields[1].type->optional->value->structure, &type_table<Aircraft>());
}

TEST(Describe, FollowsThePathToTheKey) {
  const auto& event = event_type<Departed>();
  ASSERT_EQ(event.key.steps.size(), 2U);
  EXPECT_EQ(event.key.steps[0].offset, type_table<Departed>().fields[1].offset);
  EXPECT_EQ(event.key.steps[0].type->kind, Kind::optional);
  EXPECT_EQ(event.key.steps[1].type->kind, Kind::string);
}

TEST(Describe, SplitsATopicAtItsPlaceholders) {
  const auto& event = event_type<Departed>();
  EXPECT_EQ(event.topic, "{carrier}.flights.{aircraft.tail_number}");
  ASSERT_EQ(event.topic_parts.size(), 3U);
  EXPECT_EQ(event.topic_parts[0].text, "");
  EXPECT_EQ(event.topic_parts[0].placeholder, "carrier");
  EXPECT_EQ(event.topic_parts[0].value.steps.size(), 1U);
  EXPECT_EQ(event.topic_parts[1].text, ".flights.");
  EXPECT_EQ(event.topic_parts[1].value.steps.size(), 2U);
  EXPECT_EQ(event.topic_parts[2].text, "");
  EXPECT_TRUE(event.topic_parts[2].value.empty());
}

struct Plain {
  static constexpr auto topic = "plain";
  static constexpr auto type = "plain_type";
};
DISPYTCH_EVENT(Plain)

TEST(Describe, LeavesOutWhatAnEventDoesntSay) {
  const auto& event = event_type<Plain>();
  EXPECT_EQ(event.name, "Plain");
  EXPECT_EQ(event.type, "plain_type");
  EXPECT_TRUE(event.key.empty());
  EXPECT_TRUE(event.topic_parts.empty());
  EXPECT_TRUE(event.body->fields.empty());
  EXPECT_EQ(event.wire, nullptr);
  EXPECT_EQ(&event, &event_type<Plain>());
}

struct Flat {
  static constexpr auto topic = "flat";
  static constexpr auto type = "flat_type";
  static constexpr EventWire wire = {.layout = WireForm::Layout::flat,
                                     .type_from = WireForm::TypeFrom::field,
                                     .name = "a name that is longer than any string keeps inside itself"};
};
DISPYTCH_EVENT(Flat)

TEST(Describe, CarriesTheEventsOwnWireForm) {
  const auto& event = event_type<Flat>();
  ASSERT_NE(event.wire, nullptr);
  EXPECT_EQ(*event.wire,
            (WireForm{.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::field, .name = std::string{Flat::wire.name}}));
  EXPECT_EQ(&event, &event_type<Flat>());
}

// Ready before any code runs: an event may be emitted from a constructor of a global object.
const std::size_t fields_seen_by_a_global = type_table<Departed>().fields.size();
constinit const detail::TypeTable* const constant = &detail::TableOf<Departed>::value;

TEST(Describe, IsConstantData) {
  EXPECT_EQ(fields_seen_by_a_global, 4U);
  EXPECT_EQ(constant, &type_table<Departed>());
}

}  // namespace
}  // namespace dispytch
