#include "record.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dispytch::sqlite {
namespace {

TEST(Headers, KeepOrderRepetitionsAndAbsentValues) {
  const std::string binary{"\0\xff", 2};
  const std::vector<dispytch_header> headers{{plugin::bytes("b"), plugin::bytes("first")},
                                             {plugin::bytes("a"), plugin::bytes("")},
                                             {plugin::bytes("b"), dispytch_bytes{}},
                                             {plugin::bytes(""), plugin::bytes(binary)}};
  const std::string blob = encode_headers(headers);
  const std::vector<dispytch_header> again = decode_headers(blob);
  ASSERT_EQ(again.size(), 4u);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    EXPECT_EQ(plugin::view(again[i].key), plugin::view(headers[i].key));
    EXPECT_EQ(plugin::optional_view(again[i].value), plugin::optional_view(headers[i].value));
  }
  EXPECT_EQ(again[2].value.data, nullptr);
  EXPECT_NE(again[1].value.data, nullptr);
}

TEST(Headers, OfNoneAreEmpty) {
  EXPECT_EQ(encode_headers({}), "");
  EXPECT_TRUE(decode_headers("").empty());
}

TEST(Headers, ThatAreCutOffAreRefused) {
  const std::vector<dispytch_header> headers{{plugin::bytes("name"), plugin::bytes("value")}};
  const std::string blob = encode_headers(headers);
  for (std::size_t length = 1; length < blob.size(); ++length) {
    const std::string cut = blob.substr(0, length);
    EXPECT_THROW(decode_headers(cut), Failure) << length;
  }
}

TEST(Record, TellsAbsentFromEmpty) {
  dispytch_message raw{};
  raw.payload = plugin::bytes("");
  plugin::MessageView view;
  std::memcpy(static_cast<void*>(&view), &raw, sizeof raw);
  const Record record{view};
  EXPECT_FALSE(record.key().has_value());
  EXPECT_EQ(record.payload(), std::optional<std::string_view>{""});
  EXPECT_FALSE(record.headers().has_value());
  EXPECT_EQ(record.size(), 0u);
}

TEST(Record, CountsKeyPayloadAndHeadersAndNotTheId) {
  const std::vector<dispytch_header> headers{{plugin::bytes("h"), plugin::bytes("v")}};
  dispytch_message raw{};
  raw.key = plugin::bytes("key");
  raw.payload = plugin::bytes("payload");
  raw.id = plugin::bytes("an id");
  raw.headers = headers.data();
  raw.n_headers = 1;
  plugin::MessageView view;
  std::memcpy(static_cast<void*>(&view), &raw, sizeof raw);
  const Record record{view};
  EXPECT_EQ(record.size(), 3 + 7 + encode_headers(headers).size());
  EXPECT_EQ(record.key(), "key");
  EXPECT_EQ(record.payload(), "payload");
  EXPECT_EQ(record.id(), "an id");
}

}  // namespace
}  // namespace dispytch::sqlite
