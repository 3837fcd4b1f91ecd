#include "command.hpp"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace {

using dispytch::redis::command;
using dispytch::redis::CommandWriter;

TEST(RedisCommand, WritesWordsOfAnyBytesWithTheirLengths) {
  EXPECT_EQ(command({"GET", std::string_view{"a\r\n\0b", 5}}), std::string("*2\r\n$3\r\nGET\r\n$5\r\na\r\n\0b\r\n", 24));
  EXPECT_EQ(command({"SET", ""}), "*2\r\n$3\r\nSET\r\n$0\r\n\r\n");
}

TEST(RedisCommand, WritesNumbersAndWordsOfTwoParts) {
  std::string out;
  CommandWriter{out}.begin(3).word("X").word(std::int64_t{-12}).word("h:", "name");
  EXPECT_EQ(out, "*3\r\n$1\r\nX\r\n$3\r\n-12\r\n$6\r\nh:name\r\n");
}

}  // namespace
