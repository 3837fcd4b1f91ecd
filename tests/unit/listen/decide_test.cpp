#include "listen/decide.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dispytch::listen {

static void PrintTo(const Decision& decision, std::ostream* out) {
  *out << "kind " << int(decision.kind) << ", counts " << int(decision.counts) << ", delay " << decision.delay.count() << " ns";
}

namespace {

using namespace std::chrono_literals;
using FailureKind = inflight::HandlingFailure::Kind;
using Kind = Decision::Kind;
using Counts = Decision::Counts;

// Three attempts, 100 ms and 200 ms apart, no jitter; waits of up to 30 s hold their lane.
struct Case {
  std::string name;
  FailureKind failure = FailureKind::failed;
  Decision expected = {};
  std::uint32_t attempts = 0;
  std::uint32_t outages = 0;
  std::chrono::nanoseconds delay = {};
  bool worth_retrying = true;
  bool fatal = false;
  bool revoked = false;
  bool requeues = false;
  bool dead_letters = false;
  std::optional<OnFailure> on_failure = {};
  std::optional<OnFailure> on_undecodable = {};
  policy::OnUnhandled on_unhandled = policy::OnUnhandled::hold;
  OnTombstone on_tombstone = OnTombstone::hold;
};

std::vector<Case> cases() {
  return {
      {.name = "the first failure", .expected = {Kind::retry, Counts::attempt, 100ms}},
      {.name = "the second failure", .expected = {Kind::retry, Counts::attempt, 200ms}, .attempts = 1},
      {.name = "the last attempt", .expected = {Kind::hold, Counts::attempt}, .attempts = 2},
      {.name = "the last attempt, with dead letters",
       .expected = {Kind::dead_letter, Counts::attempt},
       .attempts = 2,
       .dead_letters = true},
      {.name = "the last attempt, to be dropped", .expected = {Kind::drop, Counts::attempt}, .attempts = 2, .on_failure = OnFailure::drop},
      {.name = "the last attempt, to stop", .expected = {Kind::stop, Counts::attempt}, .attempts = 2, .on_failure = OnFailure::stop},
      {.name = "the last attempt, to be held in spite of dead letters",
       .expected = {Kind::hold, Counts::attempt},
       .attempts = 2,
       .dead_letters = true,
       .on_failure = OnFailure::hold},
      {.name = "the last attempt, for dead letters that are not there",
       .expected = {Kind::hold, Counts::attempt},
       .attempts = 2,
       .on_failure = OnFailure::dead_letter},
      {.name = "an exception that the filter refuses", .expected = {Kind::hold, Counts::attempt}, .worth_retrying = false},
      {.name = "an attempt asked for", .failure = FailureKind::retry_after, .expected = {Kind::retry, Counts::attempt, 7s}, .delay = 7s},
      {.name = "a long wait asked for", .failure = FailureKind::retry_after, .expected = {Kind::retry, Counts::attempt, 1h}, .delay = 1h},
      {.name = "a long wait that is the broker's",
       .failure = FailureKind::retry_after,
       .expected = {Kind::requeue, Counts::attempt, 1h},
       .delay = 1h,
       .requeues = true},
      {.name = "a short wait though the broker would keep it",
       .failure = FailureKind::retry_after,
       .expected = {Kind::retry, Counts::attempt, 30s},
       .delay = 30s,
       .requeues = true},
      {.name = "an attempt asked for after the last",
       .failure = FailureKind::retry_after,
       .expected = {Kind::hold, Counts::attempt},
       .attempts = 2,
       .delay = 7s},
      {.name = "an outage", .failure = FailureKind::unavailable, .expected = {Kind::retry, Counts::outage, 100ms}, .attempts = 2},
      {.name = "a long outage", .failure = FailureKind::unavailable, .expected = {Kind::retry, Counts::outage, 10s}, .outages = 40},
      {.name = "an outage is never the broker's",
       .failure = FailureKind::unavailable,
       .expected = {Kind::retry, Counts::outage, 10s},
       .outages = 40,
       .requeues = true},
      {.name = "a closed gate",
       .failure = FailureKind::postponed,
       .expected = {Kind::retry, Counts::nothing, 3s},
       .attempts = 2,
       .delay = 3s},
      {.name = "rejected", .failure = FailureKind::dead_letter, .expected = {Kind::dead_letter, Counts::attempt}, .dead_letters = true},
      {.name = "rejected whatever on_failure says",
       .failure = FailureKind::dead_letter,
       .expected = {Kind::dead_letter, Counts::attempt},
       .dead_letters = true,
       .on_failure = OnFailure::drop},
      {.name = "rejected without dead letters", .failure = FailureKind::dead_letter, .expected = {Kind::hold, Counts::attempt}},
      {.name = "rejected without dead letters, to be dropped",
       .failure = FailureKind::dead_letter,
       .expected = {Kind::drop, Counts::attempt},
       .on_failure = OnFailure::drop},
      {.name = "no such event", .failure = FailureKind::undecodable, .expected = {Kind::hold, Counts::attempt}},
      {.name = "no such event, to be dropped",
       .failure = FailureKind::undecodable,
       .expected = {Kind::drop, Counts::attempt},
       .on_undecodable = OnFailure::drop},
      {.name = "it ended the process too often", .failure = FailureKind::crashed, .expected = {Kind::hold}},
      {.name = "it ended the process too often, with dead letters",
       .failure = FailureKind::crashed,
       .expected = {Kind::dead_letter},
       .dead_letters = true},
      {.name = "it ended the process too often, to be dropped",
       .failure = FailureKind::crashed,
       .expected = {Kind::drop},
       .on_failure = OnFailure::drop},
      {.name = "no handler", .failure = FailureKind::unhandled, .expected = {Kind::hold}},
      {.name = "no handler, to stop",
       .failure = FailureKind::unhandled,
       .expected = {Kind::stop},
       .on_unhandled = policy::OnUnhandled::stop},
      {.name = "no handler, with dead letters",
       .failure = FailureKind::unhandled,
       .expected = {Kind::dead_letter},
       .dead_letters = true,
       .on_unhandled = policy::OnUnhandled::dead_letter},
      {.name = "no handler, for dead letters that are not there",
       .failure = FailureKind::unhandled,
       .expected = {Kind::hold},
       .on_unhandled = policy::OnUnhandled::dead_letter},
      {.name = "no payload", .failure = FailureKind::tombstone, .expected = {Kind::hold}, .on_unhandled = policy::OnUnhandled::stop},
      {.name = "no payload, with dead letters",
       .failure = FailureKind::tombstone,
       .expected = {Kind::dead_letter},
       .dead_letters = true,
       .on_tombstone = OnTombstone::dead_letter},
      {.name = "no payload, for dead letters that are not there",
       .failure = FailureKind::tombstone,
       .expected = {Kind::hold},
       .on_tombstone = OnTombstone::dead_letter},
      {.name = "an emitter that has failed for good", .expected = {Kind::stop}, .fatal = true, .dead_letters = true},
      {.name = "of a source that is about to go", .expected = {Kind::leave}, .fatal = true, .revoked = true},
  };
}

TEST(Decide, SaysWhatBecomesOfEachFailure) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.name);
    HandlingPolicy said{.retry = {.attempts = 3, .backoff = {.initial = 100ms, .factor = 2, .max = 10s, .jitter = 0}},
                        .on_failure = one.on_failure,
                        .on_undecodable = one.on_undecodable};
    if (one.requeues) said.retry.beyond_in_place_max = BeyondInPlaceMax::requeue;
    const policy::Policy policy = policy::resolve(said, one.dead_letters);
    const inflight::HandlingFailure failure{
        .kind = one.failure, .worth_retrying = one.worth_retrying, .fatal = one.fatal, .delay = one.delay};
    const FailedAttempt attempt{failure, policy, one.attempts, one.outages, one.revoked};
    EXPECT_EQ(
        decide(attempt, {.on_unhandled = one.on_unhandled, .on_tombstone = one.on_tombstone, .in_place_max = 30s}, one.dead_letters, 0.5),
        one.expected);
  }
}

TEST(Decide, PlacesABackoffWithinItsJitter) {
  const policy::Policy policy = policy::resolve({.retry = {.backoff = {.initial = 100ms, .max = 10s, .jitter = 0.5}}}, false);
  const inflight::HandlingFailure failure{};
  EXPECT_EQ(decide({failure, policy}, {}, false, 0).delay, 50ms);
  EXPECT_EQ(decide({failure, policy}, {}, false, 0.5).delay, 100ms);
}

}  // namespace
}  // namespace dispytch::listen
