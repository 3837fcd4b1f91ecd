// What the table says follows from the members that a plugin's classes have.
#include <dispytch/plugin/backend.hpp>

#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

#include "unit/plugin/sized.hpp"

namespace dispytch::plugin {
namespace {

struct SmallProducer {
  Accepted send(Strided<const MessageView> messages) { return {messages.size()}; }
  std::size_t reports(Strided<Report>) { return 0; }
  Status flush(std::chrono::milliseconds) { return {}; }
};

struct SmallConsumer {
  Status poll(Limits, std::chrono::milliseconds, BatchOut&) { return {}; }
  void wake() {}
  Status settle(Strided<const Settlement>) { return {}; }
};

struct FullConsumer : SmallConsumer {
  Status pause(std::span<const Source> sources, bool on) {
    paused = on ? sources.size() : 0;
    return {};
  }
  Status seek(std::span<const Source> sources, std::chrono::milliseconds timeout) {
    if (sources.empty() || !sources[0].offset) return Error{.code = DISPYTCH_EINVAL, .text = "where to?"};
    moved_to = *sources[0].offset;
    given = timeout;
    return {};
  }
  std::vector<Lag> lag() {
    if (moved_to < 0) throw Exception{DISPYTCH_EINTERNAL, "nowhere"};
    return {{.source = 1, .messages = 5}, {.source = 7, .messages = moved_to}};
  }
  std::size_t paused = 0;
  std::int64_t moved_to = 0;
  std::chrono::milliseconds given{};
};

struct ProducingBackend {
  ProducingBackend(Host, const Config&) {}
  Result<std::unique_ptr<SmallProducer>> producer(const Config&) { return std::make_unique<SmallProducer>(); }
};

struct ConsumingBackend {
  static Result<std::unique_ptr<ConsumingBackend>> open(Host, Config config, std::chrono::milliseconds timeout) {
    if (config.get("down", false)) return Error{.code = DISPYTCH_EUNAVAILABLE, .text = "nobody answered", .retriable = true};
    last_timeout = timeout;
    return std::make_unique<ConsumingBackend>();
  }
  Result<std::unique_ptr<FullConsumer>> consumer(Config, const Opening&) { return std::make_unique<FullConsumer>(); }
  Capabilities capabilities() const { return keys; }
  static const void* extension(std::string_view id) { return id == "dispytch.admin/1" ? &last_timeout : nullptr; }
  static inline std::chrono::milliseconds last_timeout{};
};

struct AdministeredBackend : ProducingBackend {
  using ProducingBackend::ProducingBackend;
  Result<std::vector<Range>> ranges(std::string_view topic, std::string_view group, std::chrono::milliseconds) {
    if (topic != "orders") return Error{.code = DISPYTCH_ENOTFOUND, .text = "no such topic"};
    return std::vector<Range>{{.partition = 0, .low = 1, .high = 5},
                              {.partition = 1, .high = 2, .stored = group == "g" ? std::optional{1} : std::nullopt}};
  }
  Status delete_up_to(std::span<const Source> sources, std::chrono::milliseconds) {
    last = sources.empty() ? Source{} : sources.back();
    if (sources.empty()) return Error{.code = DISPYTCH_EINVAL, .text = "what?"};
    return {};
  }
  static const void* extension(std::string_view id) { return id == "mine" ? &last : nullptr; }
  static inline Source last{};
};

template <class Backend, Capabilities (*claimed)()>
struct Plugin {
  using Type = Backend;
  static constexpr Description description{.id = "small", .version = "1", .capabilities = claimed()};
};
constexpr Capabilities nothing() { return {}; }
constexpr Capabilities keys_and_groups() { return {keys, groups}; }

using Producing = detail::Table<Plugin<ProducingBackend, nothing>>;
using Consuming = detail::Table<Plugin<ConsumingBackend, keys_and_groups>>;

using Administered = detail::Table<Plugin<AdministeredBackend, nothing>>;

TEST(Table, LacksTheSideThatTheBackendLacks) {
  EXPECT_NE(Producing::value.producer, nullptr);
  EXPECT_EQ(Producing::value.consumer, nullptr);
  EXPECT_EQ(Producing::value.capabilities, DISPYTCH_CAN_PRODUCE);
  EXPECT_EQ(Consuming::value.producer, nullptr);
}

TEST(Table, ClaimsWhatItsMembersCanDo) {
  EXPECT_EQ(Consuming::value.capabilities,
            DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_PAUSE | DISPYTCH_CAN_SEEK | DISPYTCH_CAN_KEYS | DISPYTCH_CAN_GROUPS);
  ASSERT_NE(Consuming::value.consumer->pause, nullptr);
  ASSERT_NE(Consuming::value.consumer->seek, nullptr);
}

TEST(Table, OpensByAFunctionThatMayFail) {
  const dispytch_host host{.size = sizeof host};
  const std::string_view down = R"({"config": {"down": true}})";
  dispytch_adapter* adapter = nullptr;
  dispytch_error error = sized();
  EXPECT_EQ(Consuming::value.open(&host, down.data(), down.size(), 10, &adapter, &error), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(adapter, nullptr);
  EXPECT_STREQ(error.text, "nobody answered");
  EXPECT_EQ(error.flags, static_cast<std::uint32_t>(DISPYTCH_ERROR_RETRIABLE));
}

TEST(Table, PassesEachCallToItsObject) {
  const dispytch_host host{.size = sizeof host};
  const std::string_view json = R"({"config": {}})";
  dispytch_adapter* adapter = nullptr;
  dispytch_consumer* raw = nullptr;
  dispytch_error error = sized();
  ASSERT_EQ(Consuming::value.open(&host, json.data(), json.size(), -1, &adapter, &error), DISPYTCH_OK);
  EXPECT_EQ(ConsumingBackend::last_timeout, std::chrono::hours{24 * 365}) << "no bound is a year";
  EXPECT_EQ(Consuming::value.capabilities_of(adapter), Consuming::value.capabilities & ~DISPYTCH_CAN_GROUPS);
  const dispytch_consumer_api& api = *Consuming::value.consumer;
  ASSERT_EQ(api.open(adapter, json.data(), json.size(), 0, 0, &raw, &error), DISPYTCH_OK);
  const FullConsumer& consumer = *reinterpret_cast<FullConsumer*>(raw);

  const dispytch_source source{.topic = bytes("t"), .offset = 12, .flags = DISPYTCH_SOURCE_OFFSET};
  EXPECT_EQ(api.pause(raw, &source, sizeof source, 1, 1, &error), DISPYTCH_OK);
  EXPECT_EQ(consumer.paused, 1u);
  EXPECT_EQ(api.pause(raw, &source, sizeof source, 1, 0, &error), DISPYTCH_OK);
  EXPECT_EQ(consumer.paused, 0u);
  EXPECT_EQ(api.seek(raw, &source, sizeof source, 1, 30, &error), DISPYTCH_OK);
  EXPECT_EQ(consumer.moved_to, 12);
  EXPECT_EQ(consumer.given, std::chrono::milliseconds{30});
  EXPECT_EQ(api.seek(raw, nullptr, sizeof source, 0, 30, &error), DISPYTCH_EINVAL);
  EXPECT_STREQ(error.text, "where to?");

  EXPECT_EQ(api.sync(raw, 0, &error), DISPYTCH_OK) << "a consumer without sync settles durably";
  const dispytch_header* headers = nullptr;
  std::uint32_t count = 1;
  const dispytch_message message{};
  EXPECT_EQ(api.headers(raw, &message, &headers, &count), DISPYTCH_OK);
  EXPECT_EQ(count, 0u);
  const dispytch_batch* batch = nullptr;
  EXPECT_EQ(api.poll(raw, 1, 1, 0, &batch, &error), DISPYTCH_TIMEOUT) << "a poll that put nothing out found nothing";
  EXPECT_EQ(batch, nullptr);
  EXPECT_EQ(api.close(raw, 0, &error), DISPYTCH_OK);
  EXPECT_EQ(Consuming::value.close(adapter, 0, &error), DISPYTCH_OK);
}

TEST(Table, OffersTheExtensionsOfItsBackend) {
  EXPECT_EQ(Consuming::value.extension("dispytch.admin/1"), &ConsumingBackend::last_timeout);
  EXPECT_EQ(Consuming::value.extension("dispytch.transactions/1"), nullptr);
  EXPECT_EQ(Producing::value.extension("dispytch.admin/1"), nullptr);
}

TEST(Table, OffersLagWhereTheConsumerSaysIt) {
  const auto* lag = static_cast<const dispytch_lag_api*>(Consuming::value.extension(DISPYTCH_EXTENSION_LAG));
  ASSERT_NE(lag, nullptr);
  EXPECT_EQ(lag->size, sizeof(dispytch_lag_api));
  EXPECT_EQ(Producing::value.extension(DISPYTCH_EXTENSION_LAG), nullptr);
  FullConsumer consumer;
  consumer.moved_to = 12;
  auto* const raw = reinterpret_cast<dispytch_consumer*>(&consumer);
  dispytch_lag lags[3] = {};
  std::uint32_t count = 0;
  dispytch_error error = sized();
  EXPECT_EQ(lag->lag(raw, lags, sizeof *lags, 1, &count, &error), DISPYTCH_OK);
  EXPECT_EQ(count, 2u) << "there are more than there is room for";
  EXPECT_EQ(lags[0].source, 1u);
  EXPECT_EQ(lags[0].messages, 5);
  EXPECT_EQ(lags[1].source, 0u) << "not written";
  EXPECT_EQ(lag->lag(raw, lags, sizeof *lags, 3, &count, &error), DISPYTCH_OK);
  EXPECT_EQ(lags[1].source, 7u);
  EXPECT_EQ(lags[1].messages, 12);
  consumer.moved_to = -1;
  EXPECT_EQ(lag->lag(raw, lags, sizeof *lags, 3, &count, &error), DISPYTCH_EINTERNAL);
  EXPECT_EQ(count, 0u);
}

TEST(Table, OffersAdministrationWhereTheBackendHasItsMembers) {
  EXPECT_EQ(Administered::value.extension("mine"), &AdministeredBackend::last);
  EXPECT_EQ(Producing::value.extension(DISPYTCH_EXTENSION_ADMIN), nullptr);
  const auto* admin = static_cast<const dispytch_admin*>(Administered::value.extension(DISPYTCH_EXTENSION_ADMIN));
  ASSERT_NE(admin, nullptr);
  EXPECT_EQ(admin->size, sizeof(dispytch_admin));

  const dispytch_host host{.size = sizeof host};
  const std::string_view json = R"({"config": {}})";
  dispytch_adapter* adapter = nullptr;
  dispytch_error error = sized();
  ASSERT_EQ(Administered::value.open(&host, json.data(), json.size(), -1, &adapter, &error), DISPYTCH_OK);
  dispytch_range ranges[2] = {};
  std::uint32_t count = 0;
  EXPECT_EQ(admin->ranges(adapter, bytes("orders"), bytes("g"), ranges, sizeof *ranges, 1, &count, 0, &error), DISPYTCH_OK);
  EXPECT_EQ(count, 2u) << "there are more than there is room for";
  EXPECT_EQ(ranges[0].low, 1);
  EXPECT_EQ(ranges[0].high, 5);
  EXPECT_EQ(ranges[1].high, 0) << "it was not written";
  EXPECT_EQ(admin->ranges(adapter, bytes("orders"), bytes("g"), ranges, sizeof *ranges, 2, &count, 0, &error), DISPYTCH_OK);
  EXPECT_EQ(ranges[1].flags, static_cast<std::uint32_t>(DISPYTCH_RANGE_STORED));
  EXPECT_EQ(ranges[1].stored, 1);
  EXPECT_EQ(admin->ranges(adapter, bytes("odrers"), {}, ranges, sizeof *ranges, 2, &count, 0, &error), DISPYTCH_ENOTFOUND);
  EXPECT_EQ(count, 0u);
  EXPECT_STREQ(error.text, "no such topic");

  const dispytch_source source{
      .topic = bytes("orders"), .partition = 1, .source = 0, .offset = 2, .flags = DISPYTCH_SOURCE_PARTITION | DISPYTCH_SOURCE_OFFSET};
  EXPECT_EQ(admin->delete_up_to(adapter, &source, sizeof source, 1, 0, &error), DISPYTCH_OK);
  EXPECT_EQ(AdministeredBackend::last.topic, "orders");
  EXPECT_EQ(AdministeredBackend::last.partition, 1);
  EXPECT_EQ(AdministeredBackend::last.offset, 2);
  EXPECT_EQ(admin->delete_up_to(adapter, nullptr, sizeof source, 0, 0, &error), DISPYTCH_EINVAL);
  EXPECT_EQ(Administered::value.close(adapter, 0, &error), DISPYTCH_OK);
}

}  // namespace
}  // namespace dispytch::plugin
