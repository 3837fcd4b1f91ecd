// What the table says follows from the members that a plugin's classes have.
#include <dispytch/plugin/backend.hpp>

#include <memory>

#include <gtest/gtest.h>

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

template <class Backend, Capabilities (*claimed)()>
struct Plugin {
  using Type = Backend;
  static constexpr Description description{.id = "small", .version = "1", .capabilities = claimed()};
};
constexpr Capabilities nothing() { return {}; }
constexpr Capabilities keys_and_groups() { return {keys, groups}; }

using Producing = detail::Table<Plugin<ProducingBackend, nothing>>;
using Consuming = detail::Table<Plugin<ConsumingBackend, keys_and_groups>>;

dispytch_error sized() {
  dispytch_error error{};
  error.size = sizeof error;
  return error;
}

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

}  // namespace
}  // namespace dispytch::plugin
