#include "border/capabilities.hpp"

#include <bit>
#include <cstdint>
#include <set>

#include <gtest/gtest.h>

#include <dispytch/plugin/abi.h>

namespace dispytch::border {
namespace {

TEST(Capabilities, ArePrintedInOneOrderWhateverTheirBits) {
  EXPECT_EQ(capabilities_to_string(DISPYTCH_CAN_TRANSACT | DISPYTCH_CAN_KEYS | DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_PRODUCE),
            "produce consume keys transactions");
  EXPECT_EQ(capabilities_to_string(0), "");
}

TEST(Capabilities, OfALaterVersionArePrintedByNumber) {
  EXPECT_EQ(capabilities_to_string(DISPYTCH_CAN_PRODUCE | DISPYTCH_BIT(40) | DISPYTCH_BIT(63)), "produce bit40 bit63");
}

TEST(Capabilities, HaveEachTheirOwnBitAndName) {
  std::uint64_t bits = 0;
  std::set<std::string_view> names;
  for (const CapabilityName& known : capability_names()) {
    EXPECT_TRUE(std::has_single_bit(known.bit));
    EXPECT_EQ(bits & known.bit, 0u) << known.name;
    bits |= known.bit;
    EXPECT_TRUE(names.insert(known.name).second) << known.name;
    EXPECT_FALSE(known.meaning.empty()) << known.name;
  }
  EXPECT_EQ(bits, DISPYTCH_CAN_BEGIN * 2 - 1) << "every bit from 0 to the last of abi.h";
}

}  // namespace
}  // namespace dispytch::border
