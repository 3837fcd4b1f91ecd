#include <dispytch/plugin/message.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dispytch::plugin {
namespace {

TEST(Bytes, TellWhatIsEmptyFromWhatIsAbsent) {
  EXPECT_NE(bytes(std::string_view{}).data, nullptr);
  EXPECT_EQ(bytes(std::string_view{}).len, 0u);
  EXPECT_EQ(optional_bytes(std::nullopt).data, nullptr);
  EXPECT_EQ(optional_view(optional_bytes("")), "");
  EXPECT_EQ(optional_view(dispytch_bytes{}), std::nullopt);
  EXPECT_EQ(view(bytes("text")), "text");
}

TEST(MessageView, SaysOnlyWhatItsFlagsSay) {
  const std::array headers{Header{bytes("a"), bytes("1")}};
  dispytch_message raw{.topic = bytes("t"), .key = bytes("k"), .headers = headers.data(), .n_headers = 1, .token = 9};
  raw.partition = 3;
  raw.timestamp_ms = 4;
  raw.deliver_at_ms = 5;
  const auto message = [&] { return Strided<const MessageView>{&raw, sizeof raw, 1}[0]; };
  EXPECT_EQ(message().topic(), "t");
  EXPECT_EQ(message().key(), "k");
  EXPECT_EQ(message().payload(), std::nullopt);
  EXPECT_EQ(message().token(), 9u);
  EXPECT_EQ(view(message().headers()[0].value), "1");
  EXPECT_EQ(message().partition(), std::nullopt);
  EXPECT_EQ(message().timestamp_ms(), std::nullopt);
  EXPECT_EQ(message().deliver_at_ms(), std::nullopt);
  raw.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_TIMESTAMP | DISPYTCH_MSG_DELIVER_AT;
  EXPECT_EQ(message().partition(), 3);
  EXPECT_EQ(message().timestamp_ms(), 4);
  EXPECT_EQ(message().deliver_at_ms(), 5);
}

struct Pair {
  std::uint32_t first, second;
};

TEST(Strided, StepsOverWhatANewerWriterAppended) {
  const std::array<std::uint32_t, 6> longer{1, 2, 99, 3, 4, 99};
  const Strided<const Pair> pairs{longer.data(), 3 * sizeof(std::uint32_t), 2};
  std::vector<std::uint32_t> seen;
  for (const Pair& pair : pairs) {
    seen.push_back(pair.first);
    seen.push_back(pair.second);
  }
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{1, 2, 3, 4}));
}

TEST(Strided, ReadsZeroWhereAnOlderWriterEnded) {
  const std::array<std::uint32_t, 2> shorter{7, 8};
  const Strided<const Pair> pairs{shorter.data(), sizeof(std::uint32_t), 2};
  EXPECT_EQ(pairs[0].first, 7u);
  EXPECT_EQ(pairs[0].second, 0u);
  EXPECT_EQ(pairs[1].first, 8u);
  EXPECT_EQ(pairs[1].second, 0u);
}

TEST(Strided, WritesNoMoreThanTheReaderHasRoomFor) {
  std::array<std::uint32_t, 2> shorter{};
  Strided<Pair>{shorter.data(), sizeof(std::uint32_t), 1}.set(0, {5, 6});
  EXPECT_EQ(shorter, (std::array<std::uint32_t, 2>{5, 0}));
  std::array<std::uint32_t, 6> longer{};
  const Strided<Pair> pairs{longer.data(), 3 * sizeof(std::uint32_t), 2};
  pairs.set(0, {1, 2});
  pairs.set(1, {3, 4});
  EXPECT_EQ(longer, (std::array<std::uint32_t, 6>{1, 2, 0, 3, 4, 0}));
}

TEST(Strided, MayBeEmpty) {
  const Strided<const Pair> none;
  EXPECT_TRUE(none.empty());
  for (const Pair& pair : none) ADD_FAILURE() << pair.first;
}

}  // namespace
}  // namespace dispytch::plugin
