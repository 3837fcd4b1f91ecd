#include "layout.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <dispytch/plugin/message.hpp>

#include "parsed.hpp"

namespace {

using dispytch::plugin::bytes;
using dispytch::plugin::optional_view;
using dispytch::plugin::view;
using dispytch::redis::element;
using dispytch::redis::EntryId;
using dispytch::redis::FieldNames;
using dispytch::redis::Layout;
using dispytch::redis::text;
using dispytch::redis::testing::entry;
using dispytch::redis::testing::parsed;
using dispytch::redis::testing::words_of;
using Words = std::vector<std::string>;

std::vector<std::string> written(const dispytch_message& message, const FieldNames& names = {}, bool make = false,
                                 std::optional<std::uint64_t> max_length = {}) {
  std::string out;
  Layout{names}.write(out, message, make, max_length);
  return words_of(out);
}

TEST(RedisLayout, WritesTheFieldsThatTheMessageSays) {
  dispytch_message message{};
  message.topic = bytes("orders");
  message.payload = bytes("p");
  EXPECT_EQ(written(message), (Words{"XADD", "orders", "NOMKSTREAM", "*", "payload", "p"}));
  EXPECT_EQ(written(message, {}, true, 100), (Words{"XADD", "orders", "MAXLEN", "~", "100", "*", "payload", "p"}));
  const dispytch_header headers[] = {{bytes("a"), bytes("1")}, {bytes("a"), bytes("")}, {bytes("b"), {}}};
  message.key = bytes("");
  message.headers = headers;
  message.n_headers = 3;
  message.timestamp_ms = 12;
  message.deliver_at_ms = 34;
  message.flags = DISPYTCH_MSG_TIMESTAMP | DISPYTCH_MSG_DELIVER_AT;
  message.id = bytes("event-1");
  EXPECT_EQ(written(message, {.id = "id"}),
            (Words{"XADD",       "orders", "NOMKSTREAM", "*",       "key", "",  "payload", "p", "timestamp", "12",
                   "deliver_at", "34",     "id",         "event-1", "h:a", "1", "h:a",     "",  "n:b",       ""}));
}

TEST(RedisLayout, WritesATombstoneAsAnEntryWithAField) {
  dispytch_message message{};
  message.topic = bytes("orders");
  EXPECT_EQ(written(message), (Words{"XADD", "orders", "NOMKSTREAM", "*", "tombstone", ""}));
}

struct Read {
  dispytch_message message{};
  std::vector<dispytch_header> headers = {};
  Layout::Content content = {};
};
Read read(const dispytch::redis::Reply& reply, const FieldNames& names = {}) {
  Read result;
  result.content = Layout{names}.read(element(*reply, 1), *EntryId::parse(text(element(*reply, 0))), result.message, result.headers);
  return result;
}

TEST(RedisLayout, ReadsWhatItWrites) {
  const auto reply =
      parsed(entry("5-0", {"key", "", "payload", std::string("\0\xff", 2), "timestamp", "12", "h:a", "1", "h:", "", "n:b", ""}));
  const Read got = read(reply);
  EXPECT_EQ(optional_view(got.message.key), "");
  EXPECT_EQ(view(got.message.payload), std::string_view("\0\xff", 2));
  EXPECT_EQ(got.message.timestamp_ms, 12);
  EXPECT_EQ(got.message.flags, static_cast<unsigned>(DISPYTCH_MSG_TIMESTAMP));
  ASSERT_EQ(got.headers.size(), 3U);
  EXPECT_EQ(view(got.headers[0].key), "a");
  EXPECT_EQ(view(got.headers[1].key), "");
  EXPECT_EQ(got.headers[2].value.data, nullptr);
}

TEST(RedisLayout, ReadsWhatOthersWrite) {
  const auto reply = parsed(entry("5-0", {"body", "x", "type", "created", "timestamp", "2024-01-01"}));
  const Read got = read(reply, {.payload = "body"});
  EXPECT_EQ(view(got.message.payload), "x");
  EXPECT_EQ(got.message.key.data, nullptr);
  EXPECT_EQ(got.message.timestamp_ms, 5) << "the time of the entry's id, where the field holds no number";
  EXPECT_NE(got.message.flags & DISPYTCH_MSG_APPEND_TIME, 0U);
  ASSERT_EQ(got.headers.size(), 2U) << "fields of other names are headers";
  EXPECT_EQ(view(got.headers[0].key), "type");
  EXPECT_EQ(view(got.headers[1].value), "2024-01-01");
}

TEST(RedisLayout, TakesAnEntryWithoutAPayloadForATombstone) {
  const auto ours = parsed(entry("5-0", {"tombstone", ""}));
  EXPECT_EQ(read(ours).message.payload.data, nullptr);
  EXPECT_TRUE(read(ours).headers.empty());
  const auto others = parsed(entry("5-0", {"data", "x"}));
  EXPECT_EQ(read(others).message.payload.data, nullptr);
}

TEST(RedisLayout, SaysWhenAMessageIsToBeDelivered) {
  const auto reply = parsed(entry("5-0", {"payload", "", "deliver_at", "77"}));
  EXPECT_EQ(Layout{FieldNames{}}.deliver_at(element(*reply, 1)), 77);
  EXPECT_EQ(read(reply).content.deliver_at_ms, 77);
  EXPECT_EQ(Layout{FieldNames{}}.deliver_at(element(*parsed(entry("5-0", {"payload", ""})), 1)), std::nullopt);
}

}  // namespace
