#include "records.hpp"

#include <gtest/gtest.h>

namespace {

using dispytch::redis::Records;

TEST(RedisRecords, ShareASlotOfAClusterWithTheirStream) {
  EXPECT_EQ(Records("orders", "billing").messages, "dispytch:{orders}:billing:messages");
  EXPECT_EQ(Records("orders", "billing").delayed, "dispytch:{orders}:billing:delayed");
  EXPECT_EQ(Records("{orders}.0", "billing").messages, "dispytch:{orders}.0:billing:messages");
  EXPECT_EQ(Records("eu.{orders}", "b{i}ling").messages, "dispytch:eu.{orders}:b{i}ling:messages");
}

// Braces with nothing between them are no tag for the server.
TEST(RedisRecords, HashTheWholeNameOfAStreamWithoutATag) {
  EXPECT_EQ(Records("orders{", "g").messages, "dispytch:{orders{}:g:messages");
  EXPECT_EQ(Records("or{}ders", "g").messages, "dispytch:{or{}ders}:g:messages");
}

}  // namespace
