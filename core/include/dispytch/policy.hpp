// What a handler, a group, a listener or the config file says of order, bounds and failures: how often and how fast to try again, and what
// then.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>

namespace dispytch {

/// Some types of exception. Written as `exceptions<DatabaseBusy, Timeout>`.
struct ExceptionFilter {
  bool (*matches)(const std::exception_ptr& thrown) = nullptr;
};

namespace detail {

template <class... E>
bool is_one_of(const std::exception_ptr& thrown) {
  const auto is = [&]<class One>(std::optional<One>*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const One&) {
      return true;
    } catch (...) {
      return false;
    }
  };
  return (is(static_cast<std::optional<E>*>(nullptr)) || ...);
}

}  // namespace detail

template <class... E>
inline constexpr ExceptionFilter exceptions{&detail::is_one_of<E...>};

/// The waits between attempts: `initial`, multiplied by `factor` each time, never more than `max`; each changed at random by up to
/// `jitter` of itself, 0 to 1, so that what failed together isn't tried again together.
struct BackoffPolicy {
  std::optional<std::chrono::milliseconds> initial = {};
  std::optional<double> factor = {};
  std::optional<std::chrono::milliseconds> max = {};
  std::optional<double> jitter = {};
};

/// What a wait between attempts that is longer than the listener's `in_place_max` comes to.
enum class BeyondInPlaceMax : std::uint8_t {
  refuse,  ///< a backoff that can be so long is refused at start. A `retry_after` of a handler's own is waited for in its lane
  /// The message goes back to the broker, which delivers it again after that time; its lane goes on without it. It loses its place in the
  /// order, and the broker's count of its deliveries is what is left of its attempts. Needs a backend that can do that.
  requeue,
};

/// How often a message is tried, by each of its handlers. A retry holds its lane, so that order is kept, but no thread and no other lane.
struct RetryPolicy {
  std::optional<std::uint32_t> attempts = {};  ///< the first one included; 1: no retry
  BackoffPolicy backoff = {};
  std::optional<ExceptionFilter> only = {};    ///< other exceptions fail the message at once
  std::optional<ExceptionFilter> except = {};  ///< these fail the message at once, also where `only` has them
  std::optional<BeyondInPlaceMax> beyond_in_place_max = {};
};

/// What becomes of a message whose attempts are used up, or that can't be decoded.
enum class OnFailure : std::uint8_t {
  dead_letter,  ///< to the listener's dead letters; settled once they are confirmed
  drop,         ///< settled, counted and logged
  stop,         ///< the listener ends with the full report; nothing is settled
  hold,         ///< its lane waits until somebody lets it go (`dispytch skip`), the others go on
};

/// What becomes of a message without payload (a tombstone, by which a key is deleted) where no handler by on_message() takes it. Handlers
/// of events never get one: it is no event.
enum class OnTombstone : std::uint8_t {
  settle,       ///< settled and counted as unhandled; a topic's first is logged. The default
  hold,         ///< its lane waits until somebody lets it go (`dispytch skip`), the others go on
  dead_letter,  ///< to the listener's dead letters; settled once they are confirmed
};

/// Pauses a handler that fails over and over for one cause, and probes it with one message at a time until it works again. Messages that
/// wait for that use up no attempt.
struct BreakerPolicy {
  std::optional<std::uint32_t> failures = {};           ///< in a row, of one exception type; 0: no breaker
  std::optional<std::chrono::milliseconds> pause = {};  ///< until the next probe
};

/// At most so many calls of a handler in a second; what comes faster waits in its lane.
struct RatePolicy {
  std::optional<double> per_second = {};    ///< 0: no limit
  std::optional<std::uint32_t> burst = {};  ///< calls that may come at once
};

/// Everything that handler, group, listener and default decide, each field by itself: the first that says something wins. Written as
/// `.policy = {...}` by all of them. docs/configuration.md says more of each field.
struct HandlingPolicy {
  RetryPolicy retry = {};
  std::optional<OnFailure> on_failure = {};
  /// Of bytes that don't even say their type the listener decides: no handler is known of them. Left open: as on_failure. No retries.
  std::optional<OnFailure> on_undecodable = {};
  /// Until a Completion must have been called, and until what was emitted by a Context must have been confirmed; 0: for ever.
  std::optional<std::chrono::milliseconds> timeout = {};
  BreakerPolicy breaker = {};
  RatePolicy rate = {};
};

/// What holds where nobody says anything; the only place where it is written. A listener that has dead letters sends there what failed.
inline constexpr HandlingPolicy kDefaultPolicy{
    .retry = {.attempts = 3,
              .backoff = {.initial = std::chrono::milliseconds{100}, .factor = 2, .max = std::chrono::seconds{10}, .jitter = 0.2},
              .beyond_in_place_max = BeyondInPlaceMax::refuse},
    .on_failure = OnFailure::hold,
    .timeout = std::chrono::minutes{5},
    .breaker = {.failures = 0, .pause = std::chrono::seconds{5}},
    .rate = {.per_second = 0, .burst = 1}};

/// Which messages are handled one after another, in the order of their arrival. All others may be handled side by side.
enum class Ordering : std::uint8_t {
  partition,  ///< those of one partition, or of what else the broker keeps in order
  key,        ///< those of one partition and key, where the broker keeps a key's messages in one partition; without a key: no order
  key_local,  ///< the same for the messages of this process, wherever the broker puts a key's messages
  none,
};

/// What becomes of a message whose type no handler wants.
enum class OnUnhandled : std::uint8_t { settle, dead_letter, stop, hold };

/// How much may be unfinished at a time. A poll asks for no more than what is left of each.
struct Limits {
  std::size_t messages = 16 * 1024;
  std::uint64_t bytes = 64 * 1024 * 1024;  ///< of keys and payloads
  std::size_t span = 64 * 1024;            ///< messages of one source between its first unfinished and its newest
  std::size_t lane = 4 * 1024;             ///< messages that wait in one blocked lane, before its source is withheld; at most `messages`
};

/// What a listener is told about order, concurrency, bounds and failures.
struct DeliveryOptions {
  Ordering ordering = Ordering::partition;
  std::uint32_t concurrency = 1;  ///< handlers at a time; 1: on the polling thread
  Limits limits = {};
  HandlingPolicy policy = {};  ///< where neither handler nor group says something
  OnUnhandled on_unhandled = OnUnhandled::settle;
  OnTombstone on_tombstone = OnTombstone::settle;
  std::chrono::milliseconds in_place_max{30'000};    ///< the longest backoff that holds a lane
  std::chrono::milliseconds revoke_timeout{10'000};  ///< the longest wait for running handlers when a source is given up
  std::chrono::milliseconds stuck_after{300'000};    ///< a message unfinished for longer makes the listener unhealthy; 0: never
  // Messages that may be what ends the process.
  std::uint32_t suspect_from = 3;          ///< delivered so often without a known end, a message is handled alone
  std::uint32_t crashes_until_failed = 5;  ///< handled alone so often, and the process gone each time, it has failed for good
};

}  // namespace dispytch
