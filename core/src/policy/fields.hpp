// Every field that can be said of how messages are handled, listed once: merging, reading and writing the config file, its schema, its
// defaults and its documentation are made of this list.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <dispytch/policy.hpp>

namespace dispytch::policy {

/// A choice of the config file.
template <class Value>
struct Choice {
  std::string_view word;
  Value value;
};

/// Returns the words for the values of an enumeration, in the order in which people read them. Of the value itself nothing is asked.
constexpr auto choices_of(Ordering) noexcept {
  return std::array<Choice<Ordering>, 4>{
      {{"partition", Ordering::partition}, {"key", Ordering::key}, {"key_local", Ordering::key_local}, {"none", Ordering::none}}};
}
constexpr auto choices_of(OnFailure) noexcept {
  return std::array<Choice<OnFailure>, 4>{
      {{"dead_letter", OnFailure::dead_letter}, {"drop", OnFailure::drop}, {"stop", OnFailure::stop}, {"hold", OnFailure::hold}}};
}
constexpr auto choices_of(OnUnhandled) noexcept {
  return std::array<Choice<OnUnhandled>, 4>{{{"settle", OnUnhandled::settle},
                                             {"dead_letter", OnUnhandled::dead_letter},
                                             {"stop", OnUnhandled::stop},
                                             {"hold", OnUnhandled::hold}}};
}
constexpr auto choices_of(OnTombstone) noexcept {
  return std::array<Choice<OnTombstone>, 3>{
      {{"settle", OnTombstone::settle}, {"hold", OnTombstone::hold}, {"dead_letter", OnTombstone::dead_letter}}};
}
constexpr auto choices_of(BeyondInPlaceMax) noexcept {
  return std::array<Choice<BeyondInPlaceMax>, 2>{{{"refuse", BeyondInPlaceMax::refuse}, {"requeue", BeyondInPlaceMax::requeue}}};
}

/// What a person may write for a field and reads of it.
struct Description {
  std::optional<std::int64_t> minimum = {};  ///< of a number; in ms of a duration, in bytes of a size
  std::optional<std::int64_t> maximum = {};
  bool is_size = false;           ///< a number of bytes
  std::string_view text = {};     ///< what it says
  std::string_view reason = {};   ///< why the default is what it is
  std::string_view example = {};  ///< as JSON
  bool default_depends = false;   ///< on another field: the schema states none
};

/// A field of the structs that `get` finds it in.
template <class Get>
struct Field {
  std::string_view pointer;  ///< into a listener of the config file; empty: it can be said in code alone
  Get get;                   ///< `get(struct)`: a reference to the field
  Description description = {};
};
template <class Get>
Field(std::string_view, Get, Description) -> Field<Get>;
template <class Get>
Field(std::string_view, Get) -> Field<Get>;

/// What a field holds, be it optional or not.
template <class Held>
struct ValueOf {
  using type = Held;
};
template <class Value>
struct ValueOf<std::optional<Value>> {
  using type = Value;
};
template <class Held>
using value_of_t = typename ValueOf<Held>::type;

inline constexpr std::int64_t kMillion = 1'000'000;
inline constexpr std::int64_t kDayMs = 86'400'000;
inline constexpr std::int64_t kMostMessages = 16 * 1024 * 1024;

/// Calls `visit(field)` for each field of a HandlingPolicy. All of them are optional.
template <class Visit>
void for_each_policy_field(Visit visit) {
  visit(Field{"/retry/attempts",
              [](auto& policy) -> auto& { return policy.retry.attempts; },
              {.minimum = 1,
               .maximum = kMillion,
               .text = "How often a message is tried, the first time included. `1`: no retry.",
               .reason = "Enough for a hiccup, few enough to notice an outage soon.",
               .example = "5"}});
  visit(Field{
      "/retry/backoff/initial",
      [](auto& policy) -> auto& { return policy.retry.backoff.initial; },
      {.minimum = 1, .maximum = kDayMs, .text = "The first wait.", .reason = "Most hiccups are over by then.", .example = R"("250ms")"}});
  visit(Field{"/retry/backoff/factor",
              [](auto& policy) -> auto& { return policy.retry.backoff.factor; },
              {.minimum = 1,
               .maximum = 100,
               .text = "What each wait is multiplied by for the next.",
               .reason = "Each wait is about as long as all before it, so that an outage isn't hammered.",
               .example = "1.5"}});
  visit(Field{"/retry/backoff/max",
              [](auto& policy) -> auto& { return policy.retry.backoff.max; },
              {.minimum = 1,
               .maximum = kDayMs,
               .text = "The longest wait.",
               .reason = "Longer waits keep a lane for longer than people expect.",
               .example = R"("30s")"}});
  visit(Field{"/retry/backoff/jitter",
              [](auto& policy) -> auto& { return policy.retry.backoff.jitter; },
              {.minimum = 0,
               .maximum = 1,
               .text = "By how much of itself a wait is changed at random, up or down.",
               .reason = "What failed together isn't tried again together.",
               .example = "0.5"}});
  visit(Field{"", [](auto& policy) -> auto& { return policy.retry.only; }});
  visit(Field{"", [](auto& policy) -> auto& { return policy.retry.except; }});
  visit(Field{"/retry/beyond_in_place_max",
              [](auto& policy) -> auto& { return policy.retry.beyond_in_place_max; },
              {.text = "What a wait longer than `in_place_max` comes to. `refuse`: a backoff that can be so long is refused at start; a "
                       "`retry_after` of a handler's own is waited for in its lane all the same, and logged once. `requeue`: the message "
                       "goes back to the broker, which delivers it again after that time, and its lane goes on without it. For backends "
                       "that acknowledge each message, take one back, delay it and count its deliveries.",
               .reason = "A message that leaves its lane loses its order.",
               .example = R"("requeue")"}});
  visit(Field{"/on_failure",
              [](auto& policy) -> auto& { return policy.on_failure; },
              {.text = "What becomes of a message whose attempts are used up. `dead_letter`: it is sent to the dead letters and settled "
                       "once they have it. `drop`: it is settled, counted and logged. `stop`: the listener ends. `hold`: its lane waits "
                       "until somebody lets the message go by `dispytch skip`.",
               .reason = "Nothing is lost, and the other lanes go on. With a `dead_letter` section: `dead_letter`.",
               .example = R"("dead_letter")"}});
  visit(Field{"/on_undecodable",
              [](auto& policy) -> auto& { return policy.on_undecodable; },
              {.text = "The same for a message that can't be decoded or isn't valid. It isn't tried again. Without this key: as "
                       "`on_failure`.",
               .example = R"("drop")",
               .default_depends = true}});
  visit(Field{"/handler_timeout",
              [](auto& policy) -> auto& { return policy.timeout; },
              {.minimum = 0,
               .maximum = kDayMs,
               .text = "How long a handler that finishes later, by its Completion or with what it emits by its Context, may take before "
                       "its attempt counts as failed. An emitter's `timeout` should be shorter. `0s`: as long as it likes.",
               .reason = "Longer than handlers should take, so that a Completion which nobody calls is noticed.",
               .example = R"("30s")"}});
  visit(Field{"/breaker/failures",
              [](auto& policy) -> auto& { return policy.breaker.failures; },
              {.minimum = 0,
               .maximum = kMillion,
               .text = "After how many failures in a row, of one type of exception, the handler is paused. `0`: never.",
               .reason = "When to pause is for those to say who know the handler.",
               .example = "20"}});
  visit(Field{"/breaker/pause",
              [](auto& policy) -> auto& { return policy.breaker.pause; },
              {.minimum = 1,
               .maximum = kDayMs,
               .text = "How long until the next probe.",
               .reason = "Soon enough that a recovery isn't waited for.",
               .example = R"("30s")"}});
  visit(Field{"/rate/per_second",
              [](auto& policy) -> auto& { return policy.rate.per_second; },
              {.minimum = 0,
               .text = "The calls of one handler in a second, on average. `0`: no limit.",
               .reason = "A limit is a promise to somebody else, and nobody has asked for one.",
               .example = "50"}});
  visit(Field{"/rate/burst",
              [](auto& policy) -> auto& { return policy.rate.burst; },
              {.minimum = 1,
               .maximum = kMillion,
               .text = "How many calls may come at once.",
               .reason = "Calls are spread evenly.",
               .example = "10"}});
}

/// Calls `visit(field)` for each field of DeliveryOptions but for its policy. None is optional; the defaults are those of the struct.
template <class Visit>
void for_each_delivery_field(Visit visit) {
  visit(Field{"/ordering",
              [](auto& delivery) -> auto& { return delivery.ordering; },
              {.text = "Which messages are handled strictly one after another; the others may be handled side by side. `partition`: those "
                       "of one partition, queue or subject. `key`: those with one key; a message without a key has no order. `key_local`: "
                       "the same among the messages that this process gets, for brokers that don't keep a key in one place. `none`: no "
                       "message waits for another.",
               .reason = "What a broker orders stays in order, whatever the keys mean.",
               .example = R"("key")"}});
  visit(Field{"/concurrency",
              [](auto& delivery) -> auto& { return delivery.concurrency; },
              {.minimum = 1,
               .maximum = 1024,
               .text = "How many handlers may run at a time. With 1 they run on the polling thread.",
               .reason = "Handlers needn't be thread-safe, and no message changes threads.",
               .example = "16"}});
  visit(Field{"/retry/in_place_max",
              [](auto& delivery) -> auto& { return delivery.in_place_max; },
              {.minimum = 0,
               .maximum = kDayMs,
               .text = "The longest backoff for which a message stays here and holds its lane. `beyond_in_place_max` says what becomes of "
                       "longer ones.",
               .reason = "Longer than most hiccups, shorter than anyone likes to wait for what is behind.",
               .example = R"("1m")"}});
  visit(Field{"/on_unhandled",
              [](auto& delivery) -> auto& { return delivery.on_unhandled; },
              {.text = "What becomes of a message whose type no handler wants. `settle`: it is settled and counted; the others as in "
                       "`on_failure`.",
               .reason = "A topic may carry types that are of no interest here.",
               .example = R"("hold")"}});
  visit(
      Field{"/on_tombstone",
            [](auto& delivery) -> auto& { return delivery.on_tombstone; },
            {.text = "What becomes of a message without payload (a tombstone, by which a key is deleted) where no handler takes it: only "
                     "one by `on_message` does. `settle`: it is settled and counted as unhandled, and the first of a topic is logged; the "
                     "others as in `on_failure`.",
             .reason = "Compacted topics are full of them, and a handler of events has no use for one.",
             .example = R"("hold")"}});
  visit(Field{"/limits/messages",
              [](auto& delivery) -> auto& { return delivery.limits.messages; },
              {.minimum = 1,
               .maximum = kMostMessages,
               .text = "Unfinished messages.",
               .reason = "Keeps hundreds of handlers busy between two polls.",
               .example = "1000"}});
  visit(Field{"/limits/bytes",
              [](auto& delivery) -> auto& { return delivery.limits.bytes; },
              {.minimum = 1,
               .maximum = std::int64_t{1} << 40,
               .is_size = true,
               .text = "Their keys and payloads together.",
               .reason = "Fits into a small container.",
               .example = R"("16MiB")"}});
  visit(Field{"/limits/span",
              [](auto& delivery) -> auto& { return delivery.limits.span; },
              {.minimum = 1,
               .maximum = kMostMessages,
               .text = "Messages of one partition, queue or subject from its first unfinished one to its newest.",
               .reason = "After a crash with one message stuck, no more than that is handled again.",
               .example = "10000"}});
  visit(Field{"/limits/lane",
              [](auto& delivery) -> auto& { return delivery.limits.lane; },
              {.minimum = 1,
               .maximum = kMostMessages,
               .text = "Messages that wait in one lane.",
               .reason = "A quarter of `messages`, so that one blocked lane leaves room for the others; `messages` where that is fewer.",
               .example = "256"}});
  visit(Field{"/revoke_timeout",
              [](auto& delivery) -> auto& { return delivery.revoke_timeout; },
              {.minimum = 0,
               .maximum = kDayMs,
               .text = "How long running handlers are awaited when a partition is given to another member. What ends later isn't settled "
                       "here.",
               .reason = "Well below the time that a group waits for its members.",
               .example = R"("5s")"}});
  visit(Field{"/stuck_after",
              [](auto& delivery) -> auto& { return delivery.stuck_after; },
              {.minimum = 0,
               .maximum = kDayMs,
               .text = "After which time an unfinished message makes the listener unhealthy and is named in the log. `0s`: never.",
               .reason = "Longer than any retry of the defaults.",
               .example = R"("1m")"}});
}

}  // namespace dispytch::policy
