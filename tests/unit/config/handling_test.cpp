// Order, concurrency, retries, ends and limits of a listener: from the file into structs.
#include <cstdint>

#include <gtest/gtest.h>

#include "config/defaults.hpp"
#include "config/load.hpp"
#include "config/plugins.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

Loaded load_listener(const std::string& keys, const LoadOptions& options = tests::test_options(), const std::string& plugin = "open") {
  return load_text(
      "version: 1\nbackends: { bus: { plugin: " + plugin +
          " } }\nemitters: { out: { backend: bus }, audit: { backend: bus } }\nlisteners:\n  in:\n    backend: bus\n    group: g\n" + keys,
      "test.yaml", options);
}

Config with_listener(const std::string& keys, const std::string& plugin = "open") {
  Loaded result = load_listener(keys, tests::test_options(), plugin);
  EXPECT_TRUE(result.has_value()) << report(result.error());
  return result ? std::move(*result) : Config{};
}

ListenerConfig listener(const std::string& keys, const std::string& plugin = "open") {
  return with_listener(keys, plugin).listeners.at("in");
}

TEST(Handling, TakesEveryKey) {
  const ListenerConfig in = listener(R"(
    ordering: key
    concurrency: 16
    emitter: audit
    retry:
      attempts: 5
      backoff: { initial: 250ms, factor: 1.5, max: 1m, jitter: 0.5 }
      in_place_max: 2m
      beyond_in_place_max: refuse
    on_failure: stop
    on_undecodable: drop
    on_unhandled: dead_letter
    on_tombstone: hold
    dead_letter: { emitter: out, topic: "dead.{group}" }
    handler_timeout: 0s
    breaker: { failures: 20, pause: 30s }
    rate: { per_second: 0.5, burst: 10 }
    limits: { messages: 1000, bytes: 1MiB, span: 2000, lane: 500 }
    revoke_timeout: 5s
    stuck_after: 0s
)");
  EXPECT_EQ(in.emitter, "audit");
  EXPECT_EQ(in.dead_letter_emitter, "out");
  EXPECT_EQ(in.dead_letter_topic, "dead.{group}");
  const policy::DeliveryOptions& handling = in.handling;
  EXPECT_EQ(handling.ordering, Ordering::key);
  EXPECT_EQ(handling.concurrency, 16U);
  EXPECT_EQ(handling.on_unhandled, policy::OnUnhandled::dead_letter);
  EXPECT_EQ(handling.on_tombstone, OnTombstone::hold);
  EXPECT_EQ(handling.in_place_max, 2min);
  EXPECT_EQ(handling.revoke_timeout, 5s);
  EXPECT_EQ(handling.stuck_after, 0s);
  EXPECT_EQ(handling.limits.messages, 1000U);
  EXPECT_EQ(handling.limits.bytes, 1U << 20U);
  EXPECT_EQ(handling.limits.span, 2000U);
  EXPECT_EQ(handling.limits.lane, 500U);
  const HandlingPolicy& policy = handling.policy;
  EXPECT_EQ(policy.retry.attempts, 5U);
  EXPECT_EQ(policy.retry.backoff.initial, 250ms);
  EXPECT_EQ(policy.retry.backoff.factor, 1.5);
  EXPECT_EQ(policy.retry.backoff.max, 1min);
  EXPECT_EQ(policy.retry.backoff.jitter, 0.5);
  EXPECT_EQ(policy.retry.beyond_in_place_max, BeyondInPlaceMax::refuse);
  EXPECT_FALSE(policy.retry.only || policy.retry.except);
  EXPECT_EQ(policy.on_failure, OnFailure::stop);
  EXPECT_EQ(policy.on_undecodable, OnFailure::drop);
  EXPECT_EQ(policy.timeout, 0s);
  EXPECT_EQ(policy.breaker.failures, 20U);
  EXPECT_EQ(policy.breaker.pause, 30s);
  EXPECT_EQ(policy.rate.per_second, 0.5);
  EXPECT_EQ(policy.rate.burst, 10U);
}

TEST(Handling, KnowsEveryWord) {
  using policy::OnUnhandled;
  const auto ordering = [](const std::string& word) { return listener("    ordering: " + word).handling.ordering; };
  EXPECT_EQ(ordering("partition"), Ordering::partition);
  EXPECT_EQ(ordering("key"), Ordering::key);
  EXPECT_EQ(ordering("key_local"), Ordering::key_local);
  EXPECT_EQ(ordering("none"), Ordering::none);
  const auto end = [](const std::string& word) {
    return listener("    dead_letter: { emitter: out }\n    on_failure: " + word).handling.policy.on_failure;
  };
  EXPECT_EQ(end("dead_letter"), OnFailure::dead_letter);
  EXPECT_EQ(end("drop"), OnFailure::drop);
  EXPECT_EQ(end("stop"), OnFailure::stop);
  EXPECT_EQ(end("hold"), OnFailure::hold);
  const auto unhandled = [](const std::string& word) {
    return listener("    dead_letter: { emitter: out }\n    on_unhandled: " + word).handling.on_unhandled;
  };
  EXPECT_EQ(unhandled("settle"), OnUnhandled::settle);
  EXPECT_EQ(unhandled("dead_letter"), OnUnhandled::dead_letter);
  EXPECT_EQ(unhandled("stop"), OnUnhandled::stop);
  EXPECT_EQ(unhandled("hold"), OnUnhandled::hold);
  const auto tombstone = [](const std::string& word) {
    return listener("    dead_letter: { emitter: out }\n    on_tombstone: " + word).handling.on_tombstone;
  };
  EXPECT_EQ(tombstone("settle"), OnTombstone::settle);
  EXPECT_EQ(tombstone("hold"), OnTombstone::hold);
  EXPECT_EQ(tombstone("dead_letter"), OnTombstone::dead_letter);
}

TEST(Handling, LeavesPoliciesOpenOfWhichTheFileSaysNothing) {
  const ListenerConfig in = listener("");
  const HandlingPolicy& policy = in.handling.policy;
  EXPECT_FALSE(policy.retry.attempts || policy.retry.backoff.initial || policy.retry.backoff.factor || policy.retry.backoff.max ||
               policy.retry.backoff.jitter || policy.retry.beyond_in_place_max);
  EXPECT_FALSE(policy.on_failure || policy.on_undecodable || policy.timeout);
  EXPECT_FALSE(policy.breaker.failures || policy.breaker.pause || policy.rate.per_second || policy.rate.burst);
  EXPECT_EQ(in.emitter, "");
  EXPECT_EQ(in.dead_letter_emitter, "");
  EXPECT_EQ(in.dead_letter_topic, "");
}

// One key of a mapping says nothing of the others.
TEST(Handling, TakesEachKeyByItself) {
  const HandlingPolicy policy = listener("    retry: { backoff: { jitter: 0 } }\n    breaker: { failures: 3 }").handling.policy;
  EXPECT_EQ(policy.retry.backoff.jitter, 0.0);
  EXPECT_FALSE(policy.retry.attempts || policy.retry.backoff.initial || policy.retry.backoff.max);
  EXPECT_EQ(policy.breaker.failures, 3U);
  EXPECT_FALSE(policy.breaker.pause);
}

TEST(Handling, SendsDeadLettersBesideTheirTopic) {
  const ListenerConfig in = listener("    dead_letter: { emitter: out }");
  EXPECT_EQ(in.dead_letter_topic, "{topic}.dlq");
  EXPECT_FALSE(in.handling.policy.on_failure);  // the engine knows that there are dead letters
}

TEST(Handling, KeepsALaneWithinAllMessages) {
  EXPECT_EQ(listener("    limits: { messages: 100 }").handling.limits.lane, 100U);
  EXPECT_EQ(listener("    limits: { messages: 5000 }").handling.limits.lane, 4096U);
  EXPECT_EQ(listener("    limits: { messages: 100, lane: 100 }").handling.limits.lane, 100U);
}

TEST(Handling, LetsABrokerThatCanKeepMessagesForLongWaits) {
  const RetryPolicy retry =
      listener("    retry: { backoff: { max: 6h }, in_place_max: 0s, beyond_in_place_max: requeue }", "late").handling.policy.retry;
  EXPECT_EQ(retry.backoff.max, 6h);
  EXPECT_EQ(retry.beyond_in_place_max, BeyondInPlaceMax::requeue);
}

TEST(Handling, DeadLettersMayGoToAnotherBrokersTopicOfThatName) {
  const Loaded result = load_text(
      "version: 1\nbackends: { bus: { plugin: open }, far: { plugin: open } }\nemitters: { out: { backend: far } }\n"
      "listeners: { in: { backend: bus, group: g, topics: [ a, dead ], dead_letter: { emitter: out, topic: dead } } }",
      "test.yaml", tests::test_options());
  EXPECT_TRUE(result.has_value()) << report(result.error());
}

TEST(Handling, WithoutPluginsChecksWhatCoreKnows) {
  LoadOptions options = tests::test_options();
  options.plugin = {};
  EXPECT_TRUE(
      load_listener("    ordering: key\n    dead_letter: { emitter: out }\n    retry: { backoff: { max: 6h }, "
                    "beyond_in_place_max: requeue }\n",
                    options));
  const Loaded wrong = load_listener("    emitter: uot\n    on_failure: dead_letter\n", options);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(
      report(wrong.error()),
      "test.yaml:8:14: listeners.in.emitter: no emitter `uot`; there are: out, audit\n"
      "test.yaml:9:17: listeners.in.on_failure: the listener has no `dead_letter` that says where to; add `dead_letter: { emitter: NAME "
      "}` to it\n2 errors\n");
}

TEST(Handling, NeverShowsASecretInAComparison) {
  LoadOptions options = tests::test_options();
  options.file = [](const std::filesystem::path&) -> Result<std::string> { return std::string{"47m"}; };
  const Loaded wrong = load_listener("    retry: { backoff: { max: \"${file:/s}\" } }\n", options);
  ASSERT_FALSE(wrong);
  EXPECT_NE(report(wrong.error()).find("waits of up to ${file:/s} are longer"), std::string::npos);
  EXPECT_EQ(report(wrong.error()).find("47m"), std::string::npos);
}

// What the schema says of defaults is what the structs hold, as far as they hold any.
TEST(Handling, DefaultsOfTheStructsAreThoseOfTheSchema) {
  const policy::DeliveryOptions handling = {};
  EXPECT_EQ(listener_default("/ordering"), "partition");
  EXPECT_EQ(handling.ordering, Ordering::partition);
  EXPECT_EQ(listener_default("/retry/beyond_in_place_max"), "refuse");
  EXPECT_EQ(listener_default("/on_unhandled"), "settle");
  EXPECT_EQ(handling.on_unhandled, policy::OnUnhandled::settle);
  EXPECT_EQ(listener_default("/on_tombstone"), "settle");
  EXPECT_EQ(handling.on_tombstone, OnTombstone::settle);
  EXPECT_EQ(handling.concurrency, listener_default_count("/concurrency"));
  EXPECT_EQ(handling.in_place_max.count(), listener_default_count("/retry/in_place_max"));
  EXPECT_EQ(handling.revoke_timeout.count(), listener_default_count("/revoke_timeout"));
  EXPECT_EQ(handling.stuck_after.count(), listener_default_count("/stuck_after"));
  EXPECT_EQ(static_cast<std::int64_t>(handling.limits.messages), listener_default_count("/limits/messages"));
  EXPECT_EQ(static_cast<std::int64_t>(handling.limits.bytes), listener_default_count("/limits/bytes"));
  EXPECT_EQ(static_cast<std::int64_t>(handling.limits.span), listener_default_count("/limits/span"));
  EXPECT_EQ(static_cast<std::int64_t>(handling.limits.lane), listener_default_count("/limits/lane"));
}

// A listener that says in words what holds anyhow is described as one that says nothing.
TEST(Handling, IsDescribedWithDefaultsFilledIn) {
  const json unsaid = describe(with_listener("")).at("listeners").at("in");
  const json said = describe(with_listener(R"(
    ordering: partition
    concurrency: 1
    retry: { attempts: 3, backoff: { initial: 100ms, factor: 2, max: 10s, jitter: 0.2 }, in_place_max: 30s, beyond_in_place_max: refuse }
    on_failure: hold
    on_undecodable: hold
    on_unhandled: settle
    on_tombstone: settle
    handler_timeout: 5m
    breaker: { failures: 0, pause: 5s }
    rate: { per_second: 0, burst: 1 }
    limits: { messages: 16384, bytes: 64MiB, span: 65536, lane: 4096 }
    revoke_timeout: 10s
    stuck_after: 5m
)"))
                        .at("listeners")
                        .at("in");
  EXPECT_EQ(unsaid, said);
}

TEST(Handling, IsDescribedWithTheEndThatDeadLettersBring) {
  const json in = describe(with_listener("    dead_letter: { emitter: out }")).at("listeners").at("in");
  EXPECT_EQ(in.at("on_failure"), "dead_letter");
  EXPECT_EQ(in.at("on_undecodable"), "dead_letter");
  EXPECT_EQ(in.at("dead_letter"), (json{{"emitter", "out"}, {"topic", "{topic}.dlq"}}));
  const json stopping = describe(with_listener("    on_failure: stop")).at("listeners").at("in");
  EXPECT_EQ(stopping.at("on_undecodable"), "stop");
}

}  // namespace
}  // namespace dispytch::config
