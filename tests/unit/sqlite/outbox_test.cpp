#include "outbox.hpp"

#include <array>
#include <cstdint>

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using std::chrono::nanoseconds;

Outgoing message(std::uint64_t token, std::string_view payload = "x", nanoseconds accepted = nanoseconds{0}) {
  dispytch_message raw{};
  raw.payload = plugin::bytes(payload);
  plugin::MessageView view;
  std::memcpy(static_cast<void*>(&view), &raw, sizeof raw);
  return {.record = Record{view}, .topic = "orders", .token = token, .accepted = accepted};
}

std::vector<plugin::Report> reports_of(Outbox& outbox) {
  std::vector<plugin::Report> reports(10);
  reports.resize(outbox.reports({reports.data(), sizeof(plugin::Report), reports.size()}));
  return reports;
}

TEST(Outbox, TakesNoMoreThanItsBounds) {
  Outbox by_count{{.messages = 2, .bytes = 1000}, plugin::Notify{}};
  EXPECT_TRUE(by_count.put(message(1)));
  EXPECT_TRUE(by_count.put(message(2)));
  EXPECT_FALSE(by_count.put(message(3)));
  Outbox by_size{{.messages = 100, .bytes = 5}, plugin::Notify{}};
  EXPECT_TRUE(by_size.put(message(1, "abcdefgh"))) << "the first always fits";
  EXPECT_FALSE(by_size.put(message(2, "a")));
}

TEST(Outbox, WritesTheSameAgainUntilItIsDone) {
  Outbox outbox{{.messages = 10, .bytes = 1000}, plugin::Notify{}};
  for (std::uint64_t token = 1; token <= 3; ++token) outbox.put(message(token));
  EXPECT_EQ(outbox.take(2, 1000).size(), 2u);
  outbox.failed({.code = DISPYTCH_EUNAVAILABLE}, nanoseconds{-1});
  EXPECT_TRUE(reports_of(outbox).empty());
  const auto again = outbox.take(2, 1000);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0]->token, 1u);
  outbox.done();
  const auto reports = reports_of(outbox);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].token, 1u);
  EXPECT_EQ(reports[1].token, 2u);
  EXPECT_FALSE(outbox.empty());
}

TEST(Outbox, TakesNoMoreThanATransactionIsToHave) {
  Outbox outbox{{.messages = 10, .bytes = 1000}, plugin::Notify{}};
  outbox.put(message(1, "abcdef"));
  outbox.put(message(2, "abcdef"));
  EXPECT_EQ(outbox.take(10, 8).size(), 1u);
  EXPECT_EQ(outbox.take(10, 2).size(), 1u) << "the first always fits";
  EXPECT_EQ(outbox.take(10, 12).size(), 2u);
}

TEST(Outbox, FailsThoseWhoseTimeIsOverAndNoOthers) {
  Outbox outbox{{.messages = 10, .bytes = 1000}, plugin::Notify{}};
  outbox.put(message(1, "x", nanoseconds{10}));
  outbox.put(message(2, "x", nanoseconds{20}));
  outbox.take(10, 1000);
  outbox.failed({.code = DISPYTCH_EUNAVAILABLE, .text = "the disk is full", .retriable = true}, nanoseconds{15});
  const auto reports = reports_of(outbox);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].token, 1u);
  EXPECT_EQ(reports[0].code, DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(reports[0].flags, static_cast<std::uint32_t>(DISPYTCH_ERROR_RETRIABLE));
  EXPECT_EQ(plugin::view(reports[0].text), "the disk is full");
  EXPECT_EQ(outbox.take(10, 1000).size(), 1u);
}

TEST(Outbox, ReportsARefusedOneAmongThoseThatWereStored) {
  Outbox outbox{{.messages = 10, .bytes = 1000}, plugin::Notify{}};
  outbox.put(message(1));
  outbox.put(message(2));
  const auto taken = outbox.take(10, 1000);
  taken[0]->refused = plugin::Error{.code = DISPYTCH_ENOTFOUND, .text = "no such topic"};
  taken[1]->partition = 3;
  taken[1]->offset = 7;
  outbox.done();
  const auto reports = reports_of(outbox);
  EXPECT_EQ(reports[0].code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(reports[1].code, DISPYTCH_OK);
  EXPECT_EQ(reports[1].partition, 3);
  EXPECT_EQ(reports[1].offset, 7);
}

TEST(Outbox, WaitsForReportsUntilTheDeadline) {
  Outbox outbox{{.messages = 10, .bytes = 1000}, plugin::Notify{}};
  EXPECT_TRUE(outbox.wait_until_reported(std::chrono::steady_clock::now()));
  outbox.put(message(1));
  EXPECT_FALSE(outbox.wait_until_reported(std::chrono::steady_clock::now()));
  outbox.take(10, 1000);
  outbox.done();
  EXPECT_TRUE(outbox.wait_until_reported(std::chrono::steady_clock::now()));
}

}  // namespace
}  // namespace dispytch::sqlite
