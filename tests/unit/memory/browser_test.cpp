#include "browser.hpp"

#include <cstdint>

#include "fixture.hpp"

namespace dispytch::memory {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BrowserTest : public BrokerTest {
 protected:
  static std::vector<std::string> read(Browser& browser, std::uint32_t max_messages = 100, std::uint64_t max_bytes = 1 << 20) {
    plugin::BatchOut out;
    EXPECT_EQ(browser.read({max_messages, max_bytes}, milliseconds{0}, out).code(), DISPYTCH_OK);
    const std::unique_ptr<const dispytch_batch, decltype(&plugin::detail::Batch::release)> batch{out.take(),
                                                                                                 plugin::detail::Batch::release};
    std::vector<std::string> payloads;
    for (std::uint32_t i = 0; batch != nullptr && i < batch->n_messages; ++i) {
      payloads.emplace_back(plugin::view(batch->messages[i].payload));
    }
    return payloads;
  }
  std::string refusal(const plugin::Look& look) {
    try {
      Browser{broker, look};
    } catch (const plugin::Exception& exception) {
      return exception.error().text;
    }
    return "";
  }
};

TEST_F(BrowserTest, ShowsWhatThereWasAtTheBeginningAndDisturbsNobody) {
  open(one_topic(2));
  put_all({{.payload = "a", .partition = 0}, {.payload = "b", .partition = 1}, {.payload = "c", .partition = 0}});
  Browser browser{broker, {.topic = "orders"}};
  put({.payload = "later", .partition = 0});
  EXPECT_EQ(Browser::disturbs(), 0u);
  EXPECT_THAT(read(browser), ElementsAre("a", "c", "b"));
  EXPECT_THAT(read(browser), IsEmpty()) << "that were all";
  const auto billing = reader();
  const std::vector<Received> all = billing->poll_all();
  EXPECT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].attempt, 1u);
}

TEST_F(BrowserTest, KeepsToTheLimitsButForTheFirst) {
  open(one_topic(1));
  put_all({{.payload = "aaaa"}, {.payload = "bb"}, {.payload = "cc"}, {.payload = "d"}});
  Browser browser{broker, {.topic = "orders"}};
  EXPECT_THAT(read(browser, 100, 1), ElementsAre("aaaa"));
  EXPECT_THAT(read(browser, 1), ElementsAre("bb"));
  EXPECT_THAT(read(browser), ElementsAre("cc", "d"));
}

TEST_F(BrowserTest, BeginsAtAnOffsetOrATimeInOnePartition) {
  open(one_topic(2));
  put({.payload = "a", .partition = 0});
  host.now += milliseconds{1000};
  put_all({{.payload = "b", .partition = 0}, {.payload = "c", .partition = 1}});
  Browser by_offset{broker, {.topic = "orders", .partition = 0, .offset = 1}};
  EXPECT_THAT(read(by_offset), ElementsAre("b"));
  Browser by_time{broker, {.topic = "orders", .time_ms = 1'000'500}};
  EXPECT_THAT(read(by_time), ElementsAre("b", "c"));
}

TEST_F(BrowserTest, PassesOverWhatIsDeletedMeanwhile) {
  open(one_topic(1));
  put_all({{.payload = "a"}, {.payload = "b"}, {.payload = "c"}});
  Browser browser{broker, {.topic = "orders"}};
  EXPECT_THAT(read(browser, 1), ElementsAre("a"));
  {
    const plugin::Lock lock{broker->mutex};
    Topic& topic = broker->existing_topic("orders");
    topic.delete_before(*topic.partitions()[0], 2);
  }
  EXPECT_THAT(read(browser), ElementsAre("c"));
}

TEST_F(BrowserTest, NamesWhatIsNotThere) {
  open(one_topic(1));
  EXPECT_THAT(refusal({.topic = "nothing"}), HasSubstr("no topic `nothing`"));
  EXPECT_EQ(refusal({.topic = "orders", .partition = 4}), "topic `orders` has no partition 4");
  EXPECT_THAT(refusal({.topic = "orders", .id = "x"}), HasSubstr("not by an id"));
}

}  // namespace
}  // namespace dispytch::memory
