#include "codec/uuid.hpp"

#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace dispytch::codec {
namespace {

std::string text(const Uuid& uuid) { return std::string{uuid.view()}; }

TEST(Uuid, HasTheFormOfVersion7) {
  UuidSource source{1};
  for (int i = 0; i < 1000; ++i) {
    const std::string id = text(source.make(0x0190'a6d2'7e1b));
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id.substr(0, 15), "0190a6d2-7e1b-7") << id;
    EXPECT_NE(std::string{"89ab"}.find(id[19]), std::string::npos) << id;
    for (std::size_t at = 0; at < id.size(); ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      EXPECT_EQ(id[at] == '-', dash) << id;
      EXPECT_TRUE(dash || std::string{"0123456789abcdef"}.find(id[at]) != std::string::npos) << id;
    }
  }
}

TEST(Uuid, SortsByTime) {
  UuidSource source{1};
  EXPECT_LT(text(source.make(1'753'000'000'000)), text(source.make(1'753'000'000'001)));
}

TEST(Uuid, IsTheSameSequenceForTheSameSeed) {
  UuidSource one{7};
  UuidSource same{7};
  UuidSource other{8};
  const std::string id = text(one.make(0));
  EXPECT_EQ(id, text(same.make(0)));
  EXPECT_NE(id, text(other.make(0)));
  EXPECT_NE(text(one.make(0)), id);
}

TEST(Uuid, IsNeverTheSameFromTwoThreads) {
  std::set<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    std::jthread{[&] {
      for (int n = 0; n < 100; ++n) ids.insert(text(make_uuid(0)));
    }};  // joined at once: one after the other
  }
  EXPECT_EQ(ids.size(), 800U);
}

}  // namespace
}  // namespace dispytch::codec
