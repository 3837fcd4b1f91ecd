#include "config/handling.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "config/defaults.hpp"
#include "schema/pointer.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;
using policy::OnUnhandled;
using std::chrono::milliseconds;

template <class Value, std::size_t count = 4>
using Words = std::array<std::pair<std::string_view, Value>, count>;

constexpr Words<Ordering> kOrderings{
    {{"partition", Ordering::partition}, {"key", Ordering::key}, {"key_local", Ordering::key_local}, {"none", Ordering::none}}};
constexpr Words<OnFailure> kEnds{
    {{"dead_letter", OnFailure::dead_letter}, {"drop", OnFailure::drop}, {"stop", OnFailure::stop}, {"hold", OnFailure::hold}}};
constexpr Words<OnUnhandled> kUnhandledEnds{
    {{"settle", OnUnhandled::settle}, {"dead_letter", OnUnhandled::dead_letter}, {"stop", OnUnhandled::stop}, {"hold", OnUnhandled::hold}}};

constexpr Words<OnTombstone, 3> kTombstoneEnds{
    {{"settle", OnTombstone::settle}, {"hold", OnTombstone::hold}, {"dead_letter", OnTombstone::dead_letter}}};
constexpr Words<BeyondInPlaceMax, 2> kBeyond{{{"refuse", BeyondInPlaceMax::refuse}, {"requeue", BeyondInPlaceMax::requeue}}};

template <class Value, std::size_t count>
std::string_view word_for(const Words<Value, count>& words, Value value) {
  return std::ranges::find(words, value, &std::pair<std::string_view, Value>::second)->first;
}

// Reads the keys of an entry by their pointers into it.
class Reader {
 public:
  explicit Reader(const json& entry) : entry_{entry} {}

  template <class Value>
  std::optional<Value> value(const char* pointer) const {
    const json* const written = schema::find(entry_, pointer);
    return written == nullptr ? std::nullopt : std::optional{written->get<Value>()};
  }

  std::optional<milliseconds> duration(const char* pointer) const {
    const std::optional<std::int64_t> count = value<std::int64_t>(pointer);
    return count ? std::optional{milliseconds{*count}} : std::nullopt;
  }

  template <class Value, std::size_t count>
  std::optional<Value> word(const char* pointer, const Words<Value, count>& words) const {
    const json* const written = schema::find(entry_, pointer);
    if (written == nullptr) return std::nullopt;
    return std::ranges::find(words, written->get_ref<const std::string&>(), &std::pair<std::string_view, Value>::first)->second;
  }

  std::string text(const char* pointer) const { return value<std::string>(pointer).value_or(""); }

 private:
  const json& entry_;
};

HandlingPolicy read_policy(const Reader& reader) {
  return {.retry = {.attempts = reader.value<std::uint32_t>("/retry/attempts"),
                    .backoff = {.initial = reader.duration("/retry/backoff/initial"),
                                .factor = reader.value<double>("/retry/backoff/factor"),
                                .max = reader.duration("/retry/backoff/max"),
                                .jitter = reader.value<double>("/retry/backoff/jitter")},
                    .beyond_in_place_max = reader.word("/retry/beyond_in_place_max", kBeyond)},
          .on_failure = reader.word("/on_failure", kEnds),
          .on_undecodable = reader.word("/on_undecodable", kEnds),
          .timeout = reader.duration("/handler_timeout"),
          .breaker = {.failures = reader.value<std::uint32_t>("/breaker/failures"), .pause = reader.duration("/breaker/pause")},
          .rate = {.per_second = reader.value<double>("/rate/per_second"), .burst = reader.value<std::uint32_t>("/rate/burst")}};
}

policy::Limits read_limits(const Reader& reader) {
  policy::Limits limits;
  limits.messages = reader.value<std::size_t>("/limits/messages").value_or(limits.messages);
  limits.bytes = reader.value<std::uint64_t>("/limits/bytes").value_or(limits.bytes);
  limits.span = reader.value<std::size_t>("/limits/span").value_or(limits.span);
  limits.lane = reader.value<std::size_t>("/limits/lane").value_or(std::min(limits.lane, limits.messages));
  return limits;
}

std::string duration(const char* pointer, milliseconds value) { return print_listener_count(pointer, value.count()); }

// A policy as a file would have it: what the listener says, or else the default.
json said(const char* pointer, std::optional<milliseconds> value) {
  return value ? json(duration(pointer, *value)) : listener_default(pointer);
}
template <class Number>
json said(const char* pointer, std::optional<Number> value) {
  return value ? json(*value) : listener_default(pointer);
}

}  // namespace

void read_handling(const json& entry, ListenerConfig& listener) {
  const Reader reader{entry};
  policy::DeliveryOptions& handling = listener.handling;
  handling.ordering = reader.word("/ordering", kOrderings).value_or(handling.ordering);
  handling.concurrency = reader.value<std::uint32_t>("/concurrency").value_or(handling.concurrency);
  handling.limits = read_limits(reader);
  handling.policy = read_policy(reader);
  handling.on_unhandled = reader.word("/on_unhandled", kUnhandledEnds).value_or(handling.on_unhandled);
  handling.on_tombstone = reader.word("/on_tombstone", kTombstoneEnds).value_or(handling.on_tombstone);
  handling.in_place_max = reader.duration("/retry/in_place_max").value_or(handling.in_place_max);
  handling.revoke_timeout = reader.duration("/revoke_timeout").value_or(handling.revoke_timeout);
  handling.stuck_after = reader.duration("/stuck_after").value_or(handling.stuck_after);
  listener.emitter = reader.text("/emitter");
  listener.dead_letter_emitter = reader.text("/dead_letter/emitter");
  if (listener.dead_letter_emitter.empty()) return;
  listener.dead_letter_topic = reader.value<std::string>("/dead_letter/topic").value_or(listener_default("/dead_letter/topic"));
}

void describe_handling(const ListenerConfig& listener, json& described) {
  const policy::DeliveryOptions& handling = listener.handling;
  const HandlingPolicy& policy = handling.policy;
  const BackoffPolicy& backoff = policy.retry.backoff;
  const bool has_dead_letters = !listener.dead_letter_emitter.empty();
  const OnFailure on_failure = policy.on_failure.value_or(has_dead_letters ? OnFailure::dead_letter : OnFailure::hold);
  described["ordering"] = word_for(kOrderings, handling.ordering);
  described["concurrency"] = handling.concurrency;
  described["retry"] = {{"attempts", said("/retry/attempts", policy.retry.attempts)},
                        {"backoff",
                         {{"initial", said("/retry/backoff/initial", backoff.initial)},
                          {"factor", said("/retry/backoff/factor", backoff.factor)},
                          {"max", said("/retry/backoff/max", backoff.max)},
                          {"jitter", said("/retry/backoff/jitter", backoff.jitter)}}},
                        {"in_place_max", duration("/retry/in_place_max", handling.in_place_max)},
                        {"beyond_in_place_max", word_for(kBeyond, policy.retry.beyond_in_place_max.value_or(BeyondInPlaceMax::refuse))}};
  described["on_failure"] = word_for(kEnds, on_failure);
  described["on_undecodable"] = word_for(kEnds, policy.on_undecodable.value_or(on_failure));
  described["on_unhandled"] = word_for(kUnhandledEnds, handling.on_unhandled);
  described["on_tombstone"] = word_for(kTombstoneEnds, handling.on_tombstone);
  described["handler_timeout"] = said("/handler_timeout", policy.timeout);
  described["breaker"] = {{"failures", said("/breaker/failures", policy.breaker.failures)},
                          {"pause", said("/breaker/pause", policy.breaker.pause)}};
  described["rate"] = {{"per_second", said("/rate/per_second", policy.rate.per_second)}, {"burst", said("/rate/burst", policy.rate.burst)}};
  described["limits"] = {{"messages", handling.limits.messages},
                         {"bytes", print_listener_count("/limits/bytes", static_cast<std::int64_t>(handling.limits.bytes))},
                         {"span", handling.limits.span},
                         {"lane", handling.limits.lane}};
  described["revoke_timeout"] = duration("/revoke_timeout", handling.revoke_timeout);
  described["stuck_after"] = duration("/stuck_after", handling.stuck_after);
  if (!listener.emitter.empty()) described["emitter"] = listener.emitter;
  if (has_dead_letters) described["dead_letter"] = {{"emitter", listener.dead_letter_emitter}, {"topic", listener.dead_letter_topic}};
}

}  // namespace dispytch::config
