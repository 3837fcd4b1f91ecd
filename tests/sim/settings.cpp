#include "sim/settings.hpp"

#include <algorithm>
#include <cstdint>

namespace dispytch::sim {

using std::chrono::milliseconds;

Settings draw_settings(Dice& dice) {
  Settings drawn;
  constexpr Ordering kOrderings[] = {Ordering::partition, Ordering::key, Ordering::key_local, Ordering::none};
  constexpr OnFailure kEnds[] = {OnFailure::dead_letter, OnFailure::drop, OnFailure::hold};
  drawn.members = static_cast<unsigned>(dice.between(1, 3));
  drawn.partitions = static_cast<unsigned>(dice.between(1, 3));
  drawn.keys = static_cast<unsigned>(dice.between(1, 4));
  drawn.messages = static_cast<unsigned>(dice.between(8, 40));
  drawn.workers = dice.percent(45) ? 0 : static_cast<unsigned>(dice.between(1, 4));
  drawn.batch = static_cast<std::uint32_t>(dice.between(1, 12));
  drawn.dead_letters = dice.percent(50);
  drawn.ack_each = dice.percent(25);
  drawn.can_pause = dice.percent(60);
  drawn.cooperative = dice.percent(50);
  drawn.drain = milliseconds{dice.between(1, 3'000)};
  drawn.trouble_percent = static_cast<unsigned>(dice.below(60));
  drawn.fault_percent = static_cast<unsigned>(dice.below(30));
  drawn.together_percent = dice.percent(50) ? 0 : static_cast<unsigned>(dice.between(10, 95));

  policy::DeliveryOptions& delivery = drawn.delivery;
  delivery.ordering = kOrderings[dice.below(4)];
  delivery.concurrency = drawn.workers == 0 ? 1 : drawn.workers;
  delivery.limits.messages = dice.between(4, 32);
  delivery.limits.bytes = dice.between(200, 4'000);
  delivery.limits.span = dice.between(8, 40);
  delivery.limits.lane = dice.between(2, 8);
  drawn.together_max = static_cast<std::uint32_t>(dice.between(1, std::min<std::size_t>(8, delivery.limits.messages)));
  drawn.together_wait = milliseconds{dice.percent(20) ? 0 : dice.between(1, 200)};
  drawn.together_emits = dice.percent(40);
  delivery.revoke_timeout = milliseconds{dice.between(1, 1'000)};
  delivery.on_unhandled = dice.percent(70) || !drawn.dead_letters ? policy::OnUnhandled::settle : policy::OnUnhandled::dead_letter;

  delivery.on_tombstone = static_cast<OnTombstone>(dice.below(drawn.dead_letters ? 3 : 2));

  HandlingPolicy& policy = delivery.policy;
  policy.retry.attempts = static_cast<std::uint32_t>(dice.between(1, 4));
  policy.retry.backoff.initial = milliseconds{dice.between(1, 50)};
  policy.retry.backoff.max = milliseconds{dice.between(50, 500)};
  policy.timeout = milliseconds{dice.between(500, 2'000)};
  policy.on_failure = kEnds[dice.between(drawn.dead_letters ? 0 : 1, 2)];
  policy.on_undecodable = kEnds[dice.between(drawn.dead_letters ? 0 : 1, 2)];
  drawn.requeues = drawn.ack_each && dice.percent(60);
  if (drawn.requeues) {
    delivery.in_place_max = milliseconds{dice.between(10, 100)};
    policy.retry.beyond_in_place_max = BeyondInPlaceMax::requeue;
  }
  drawn.counts = drawn.requeues || dice.percent(60);
  drawn.carries = drawn.requeues && dice.percent(60);
  drawn.remembers = drawn.counts && dice.percent(80);
  drawn.death_percent = dice.percent(60) ? 0 : static_cast<unsigned>(dice.between(1, 15));
  delivery.suspect_from = static_cast<std::uint32_t>(dice.between(2, 4));
  delivery.crashes_until_failed = static_cast<std::uint32_t>(dice.between(1, 5));
  if (dice.percent(15)) policy.breaker = {.failures = static_cast<std::uint32_t>(dice.between(1, 4)), .pause = milliseconds{100}};
  if (dice.percent(10)) policy.rate = {.per_second = 50, .burst = 2};
  return drawn;
}

Task Settings::draw_task(Dice& dice) const {
  Task task;
  const std::size_t kind = dice.below(100);
  task.kind = kind < 45   ? Task::Kind::plain
              : kind < 60 ? Task::Kind::emitting
              : kind < 75 ? Task::Kind::later
              : kind < 90 ? Task::Kind::pair
              : kind < 94 ? Task::Kind::poison
              : kind < 97 ? Task::Kind::tombstone
                          : Task::Kind::unknown;
  if (dice.percent(together_percent)) task.kind = dice.percent(95) ? Task::Kind::together : Task::Kind::spoilt;
  task.slow = dice.percent(5);
  if (task.kind == Task::Kind::plain && dice.percent(death_percent)) {
    task.deaths = remembers && dice.percent(50) ? Task::kAlways : static_cast<unsigned>(dice.between(1, 4));
  }
  if (!dice.percent(trouble_percent)) return task;
  task.trouble = static_cast<Task::Trouble>(dice.below(6));
  // To an open breaker a message that always fails is an outage that never ends.
  const bool may_last = task.trouble != Task::Trouble::unavailable && !delivery.policy.breaker.failures;
  task.failures = dice.percent(20) && may_last ? Task::kAlways : static_cast<unsigned>(dice.between(1, 4));
  return task;
}

std::string to_string(const Settings& settings) {
  const auto number = [](auto value) { return std::to_string(value); };
  const policy::DeliveryOptions& delivery = settings.delivery;
  constexpr const char* kOrderings[] = {"partition", "key", "key_local", "none"};
  constexpr const char* kEnds[] = {"dead_letter", "drop", "stop", "hold"};
  constexpr const char* kTombstones[] = {"settle", "hold", "dead_letter"};
  return "members " + number(settings.members) + ", partitions " + number(settings.partitions) + ", keys " + number(settings.keys) +
         ", messages " + number(settings.messages) + ", workers " + number(settings.workers) + ", ordering " +
         kOrderings[static_cast<int>(delivery.ordering)] + ", attempts " + number(*delivery.policy.retry.attempts) + ", on_failure " +
         kEnds[static_cast<int>(*delivery.policy.on_failure)] + ", on_undecodable " +
         kEnds[static_cast<int>(*delivery.policy.on_undecodable)] + ", ack " + (settings.ack_each ? "each" : "up to") + ", on_tombstone " +
         kTombstones[static_cast<int>(delivery.on_tombstone)] + (settings.can_pause ? ", can pause" : "") +
         (settings.requeues ? ", requeues beyond " + number(delivery.in_place_max.count()) + " ms" : "") +
         (settings.counts ? ", counts deliveries" : "") + (settings.carries ? ", carries attempts" : "") +
         (settings.remembers ? ", remembers what was begun, gives up after " + number(delivery.crashes_until_failed) : "") +
         (settings.cooperative ? ", cooperative" : ", eager") + ", limits " + number(delivery.limits.messages) + " messages " +
         number(delivery.limits.bytes) + " bytes span " + number(delivery.limits.span) + " lane " + number(delivery.limits.lane) +
         ", batch " + number(settings.batch) + ", together " + number(settings.together_max) + " in " +
         number(settings.together_wait.count()) + " ms" + (settings.together_emits ? " with emits" : "");
}

}  // namespace dispytch::sim
