// What version 1.0 laid down stands where it stood: a plugin and a host of that version find their fields.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

#include <dispytch/plugin/abi.h>

extern "C" int dispytch_v1_has_its_layout(void);

namespace dispytch::border {
namespace {

// At compile time: each field of 1.0 is where it was. A struct is as long as it was, or longer where it crosses with a size or a stride.
#define SIZE(type, bytes) static_assert(sizeof(type) >= (bytes));
#define FIELD(type, field, at, bytes) static_assert(offsetof(type, field) == (at) && sizeof(type::field) == (bytes));
#define RENAMED(type, field, since, at, bytes) static_assert(offsetof(type, since) == (at) && sizeof(type::since) <= (bytes));
#include "v1/layout.inc"
#undef SIZE
#undef FIELD
#undef RENAMED

struct Size {
  std::string_view name;
  std::size_t then, now;
};

TEST(Layout, GrewSinceVersion1OnlyWhereReadersStepByStrideOrAskForTheSize) {
  const Size sizes[] = {
#define SIZE(type, bytes) {#type, bytes, sizeof(type)},
#define FIELD(type, field, at, bytes)
#define RENAMED(type, field, since, at, bytes)
#include "v1/layout.inc"
#undef SIZE
#undef FIELD
#undef RENAMED
  };
  for (const Size& size : sizes) {
    const bool may_grow =
        size.name == "dispytch_settlement" || size.name == "dispytch_producer_api" || size.name == "dispytch_consumer_api";
    if (!may_grow) {
      EXPECT_EQ(size.now, size.then) << size.name;
    }
    EXPECT_GE(size.now, size.then) << size.name;
  }
}

TEST(Layout, OfTheFrozenHeaderIsTheFrozenOne) { EXPECT_EQ(dispytch_v1_has_its_layout(), 1); }

}  // namespace
}  // namespace dispytch::border
