#include "policy/policy.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "config/defaults.hpp"
#include "policy/fields.hpp"

namespace dispytch::policy {
namespace {

using namespace std::chrono_literals;

TEST(Policy, TakesEachFieldFromTheFirstThatSaysIt) {
  const HandlingPolicy handler{.retry = {.attempts = 7}};
  const HandlingPolicy group{.retry = {.attempts = 2, .backoff = {.initial = 5ms}}, .on_failure = OnFailure::drop};
  const HandlingPolicy listener{.retry = {.backoff = {.initial = 9ms, .max = 20ms}}, .on_failure = OnFailure::stop, .timeout = 3s};
  const Policy policy = resolve(first_said(first_said(handler, group), listener), false);
  EXPECT_FALSE(policy.requeues);
  const HandlingPolicy requeues{.retry = {.beyond_in_place_max = BeyondInPlaceMax::requeue}};
  const HandlingPolicy refuses{.retry = {.beyond_in_place_max = BeyondInPlaceMax::refuse}};
  EXPECT_TRUE(resolve(first_said(handler, requeues), false).requeues);
  EXPECT_FALSE(resolve(first_said(refuses, requeues), false).requeues);
  EXPECT_EQ(policy.attempts, 7U);
  EXPECT_EQ(policy.initial, 5ms);
  EXPECT_EQ(policy.max, 20ms);
  EXPECT_EQ(policy.on_failure, OnFailure::drop);
  EXPECT_EQ(policy.timeout, 3s);
  EXPECT_EQ(policy.factor, 2);
}

// No field is forgotten: what one says is taken where another says nothing, and kept where it says something.
TEST(Policy, MergesEveryField) {
  HandlingPolicy all = with_defaults({.on_failure = OnFailure::drop}, false);
  all.retry.only = exceptions<std::runtime_error>;
  all.retry.except = exceptions<std::logic_error>;
  std::size_t fields = 0;
  for_each_policy_field([&](const auto& field) {
    ++fields;
    EXPECT_TRUE(field.get(all)) << field.pointer;
    const HandlingPolicy taken = first_said({}, all);
    EXPECT_TRUE(field.get(taken)) << field.pointer;
    HandlingPolicy without = all;
    field.get(without).reset();
    HandlingPolicy alone;
    field.get(alone) = field.get(all);
    const HandlingPolicy both = first_said(without, alone);
    EXPECT_TRUE(field.get(both)) << field.pointer;
  });
  EXPECT_EQ(fields, 15);
}

TEST(Policy, TriesAgainWhatItsFiltersLetPass) {
  struct Timeout : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  const auto worth = [](const RetryPolicy& retry, const auto& exception) {
    return resolve({.retry = retry}, false).worth_retrying(std::make_exception_ptr(exception));
  };
  const RetryPolicy except{.except = exceptions<std::logic_error, Timeout>};
  EXPECT_TRUE(worth(except, std::runtime_error{"busy"}));
  EXPECT_FALSE(worth(except, std::invalid_argument{"derived"}));
  EXPECT_FALSE(worth(except, Timeout{"late"}));
  const RetryPolicy both{.only = exceptions<std::runtime_error>, .except = exceptions<Timeout>};
  EXPECT_TRUE(worth(both, std::runtime_error{"busy"}));
  EXPECT_FALSE(worth(both, Timeout{"late"})) << "`except` goes before `only`";
  EXPECT_FALSE(worth(both, std::logic_error{"no"}));
  EXPECT_TRUE(worth({}, std::logic_error{"no filter"}));
}

TEST(Policy, EndsInTheDeadLettersWhereThereAreAnyAndHoldsElsewhere) {
  EXPECT_EQ(resolve({}, true).on_failure, OnFailure::dead_letter);
  EXPECT_EQ(resolve({}, false).on_failure, OnFailure::hold);
  EXPECT_EQ(resolve({.on_failure = OnFailure::drop}, true).on_undecodable, OnFailure::drop) << "as on_failure, unless it says otherwise";
}

TEST(Policy, HasTheDefaultsThatTheSchemaStates) {
  const Policy policy = resolve({}, false);
  const auto milliseconds = [](const char* pointer) { return std::chrono::milliseconds{config::listener_default_count(pointer)}; };
  EXPECT_EQ(policy.attempts, config::listener_default_count("/retry/attempts"));
  EXPECT_EQ(policy.initial, milliseconds("/retry/backoff/initial"));
  EXPECT_EQ(policy.max, milliseconds("/retry/backoff/max"));
  EXPECT_EQ(policy.factor, config::listener_default("/retry/backoff/factor").get<double>());
  EXPECT_EQ(policy.jitter, config::listener_default("/retry/backoff/jitter").get<double>());
  EXPECT_EQ(policy.requeues, config::listener_default("/retry/beyond_in_place_max") == "requeue");
  EXPECT_EQ(policy.timeout, milliseconds("/handler_timeout"));
  EXPECT_EQ(policy.breaker_failures, config::listener_default_count("/breaker/failures"));
  EXPECT_EQ(policy.breaker_pause, milliseconds("/breaker/pause"));
  EXPECT_EQ(policy.per_second, config::listener_default("/rate/per_second").get<double>());
  EXPECT_EQ(policy.burst, config::listener_default_count("/rate/burst"));
}

TEST(Backoff, GrowsByItsFactorUpToItsMost) {
  const double middle = 0.5;  // no jitter either way
  const Policy policy = resolve({.retry = {.backoff = {.initial = 100ms, .factor = 3, .max = 1s, .jitter = 0.5}}}, false);
  EXPECT_EQ(policy.backoff(1, middle), 100ms);
  EXPECT_EQ(policy.backoff(2, middle), 300ms);
  EXPECT_EQ(policy.backoff(3, middle), 900ms);
  EXPECT_EQ(policy.backoff(4, middle), 1s);
  EXPECT_EQ(policy.backoff(4'000'000'000U, middle), 1s) << "beyond what a double holds";
}

TEST(Backoff, ChangesByItsJitterAndStaysWithinItsMost) {
  const double least = 0, most = 0.999999;
  const Policy policy = resolve({.retry = {.backoff = {.initial = 100ms, .factor = 1, .max = 120ms, .jitter = 0.2}}}, false);
  EXPECT_EQ(policy.backoff(1, least), 80ms);
  EXPECT_LE(policy.backoff(1, most), 120ms);
  EXPECT_GT(policy.backoff(1, most), 119ms);
}

TEST(ExceptionFilter, KnowsItsExceptionsAndThoseDerivedFromThem) {
  const auto thrown = [](auto exception) { return std::make_exception_ptr(exception); };
  constexpr ExceptionFilter filter = exceptions<std::runtime_error, int>;
  EXPECT_TRUE(filter.matches(thrown(std::range_error{"derived"})));
  EXPECT_TRUE(filter.matches(thrown(5)));
  EXPECT_FALSE(filter.matches(thrown(std::logic_error{"another"})));
}

}  // namespace
}  // namespace dispytch::policy
