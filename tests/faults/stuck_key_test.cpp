// One key is stuck and the others finish out of order: they go on as far as the bound, and the position stays at the stuck message.
#include "faults/fault_test.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace dispytch::faults {
namespace {

using ::testing::Each;
using ::testing::Ge;

class StuckKey : public FaultTest {
 protected:
  static constexpr int kStuck = 305;  // the offset of the stuck message, behind many that are quick
  static constexpr int kSpan = 200;   // how far the others may go beyond it
  static constexpr int kMessages = 700;
  static constexpr int kKeys = 97;  // so many that a worker gets several at once

  // One partition: offset i is message i. From the stuck one on, each tenth has its key.
  StuckKey() {
    std::vector<Order> orders;
    std::map<std::string, int> numbers;
    for (int i = 0; i < kMessages; ++i) {
      const std::string key = i >= kStuck && i % 10 == kStuck % 10 ? "stuck" : "k" + std::to_string(i % kKeys);
      orders.push_back({.key = key, .number = numbers[key]++, .what = i == kStuck ? "wait" : ""});
      offsets[key + " " + std::to_string(orders.back().number)] = i;
    }
    put(orders);
  }

  /// Waits for all from one offset to another, but for the stuck key.
  void await_others(Process& service, int from, int to) const {
    for (const auto& [which, offset] : offsets) {
      if (offset >= from && offset < to && !which.starts_with("stuck")) service.await_output("end " + which + "\n");
    }
  }
  /// Where the messages stand that a service handled to their end.
  std::vector<int> ended(const std::string& output) const {
    std::vector<int> found;
    for (const std::string& line : lines_of(output, "end ")) found.push_back(offsets.at(line));
    return found;
  }
  static void expect_order(const std::string& output) {
    std::map<std::string, int> last;
    for (const std::string& line : lines_of(output, "begin ")) {
      std::istringstream in{line};
      std::string key;
      int number = 0;
      in >> key >> number;
      const auto [position, first] = last.try_emplace(key, number);
      if (!first) {
        EXPECT_EQ(number, position->second + 1) << "key " << key;
      }
      position->second = number;
    }
  }

  std::map<std::string, int> offsets;  // by key and number
};

TEST_F(StuckKey, LetsTheOthersGoOnToTheBoundAndTheNextStartBeginsAtIt) {
  const std::string listener = "ordering: key, concurrency: 4, drain: 1s, limits: { span: " + std::to_string(kSpan) + " }";
  const auto first = service({.listener = listener});
  first->await_output("begin stuck 0");
  await_others(*first, 0, kStuck + kSpan / 4);  // a partition that was withheld is read on once three quarters of its window are free
  const Finished cut = stop(*first);
  EXPECT_EQ(cut.exit_code, 3) << cut.errors;
  const std::vector<int> before = ended(cut.output);
  EXPECT_EQ((std::set<int>{before.begin(), before.end()}).size(), before.size()) << "each once";
  EXPECT_LT(*std::ranges::max_element(before), kStuck + kSpan) << "nothing beyond the bound";
  expect_order(cut.output);
  EXPECT_EQ(committed(), kStuck) << "the position stays at the stuck one";

  go();
  const auto second = service({.listener = listener});
  await_others(*second, kStuck, kMessages);
  second->await_output("end stuck " + std::to_string((kMessages - kStuck - 1) / 10) + "\n");
  const Finished finished = stop(*second);
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  const std::vector<int> after = ended(finished.output);
  EXPECT_THAT(after, Each(Ge(kStuck))) << "only what stood behind the stuck one comes again";
  EXPECT_EQ(after.size(), static_cast<std::size_t>(kMessages - kStuck));
  expect_order(finished.output);
  EXPECT_EQ(committed(), kMessages);
}

}  // namespace
}  // namespace dispytch::faults
