// What a handler, a group or the config file says of failures: how often and how fast to try again, and what then.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>

namespace dispytch {

/// Which exceptions are worth another attempt. Written as `exceptions<DatabaseBusy, Timeout>`; left out: all.
struct ExceptionFilter {
  bool (*matches)(const std::exception_ptr& thrown) = nullptr;  ///< nullptr: every exception
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
/// `jitter` of itself, so that what failed together isn't tried again together.
struct BackoffPolicy {
  std::optional<std::chrono::milliseconds> initial = {};  ///< default 100 ms
  std::optional<double> factor = {};                      ///< default 2
  std::optional<std::chrono::milliseconds> max = {};      ///< default 10 s
  std::optional<double> jitter = {};                      ///< 0 to 1, default 0.2
};

/// What a wait between attempts that is longer than the listener's `retry.in_place_max` comes to.
enum class BeyondInPlaceMax : std::uint8_t {
  refuse,  ///< a backoff that can be so long is refused at start. A `retry_after` of a handler's own is waited for in its lane
  /// The message goes back to the broker, which delivers it again after that time; its lane goes on without it. It loses its place in the
  /// order, and the broker's count of its deliveries is what is left of its attempts. Needs a backend that can do that.
  requeue,
};

/// How often a message is tried, by each of its handlers. A retry holds its lane, so that order is kept, but no thread and no other lane.
struct RetryPolicy {
  std::optional<std::uint32_t> attempts = {};  ///< the first one included; default 3; 1: no retry
  BackoffPolicy backoff = {};
  ExceptionFilter only = {};                                 ///< other exceptions fail the message at once
  std::optional<BeyondInPlaceMax> beyond_in_place_max = {};  ///< default: refuse
};

/// What becomes of a message whose attempts are used up, or that can't be decoded.
enum class OnFailure : std::uint8_t {
  dead_letter,  ///< to the listener's dead letters; settled once they are confirmed. The default where the listener has `dead_letter`
  drop,         ///< settled, counted and logged
  stop,         ///< the listener ends with the full report; nothing is settled
  hold,         ///< its lane waits until somebody lets it go (`dispytch skip`), the others go on. The default without dead letters
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
  std::optional<std::uint32_t> failures = {};           ///< in a row, of one exception type; 0 (default): no breaker
  std::optional<std::chrono::milliseconds> pause = {};  ///< until the next probe; default 5 s
};

/// At most so many calls of a handler in a second; what comes faster waits in its lane.
struct RatePolicy {
  std::optional<double> per_second = {};    ///< 0 (default): no limit
  std::optional<std::uint32_t> burst = {};  ///< calls that may come at once; default 1
};

/// Which messages are handled one after another, in the order of their arrival. All others may be handled side by side.
enum class Ordering : std::uint8_t {
  partition,  ///< those of one partition, or of what else the broker keeps in order
  key,        ///< those of one partition and key, where the broker keeps a key's messages in one partition; without a key: no order
  key_local,  ///< the same for the messages of this process, wherever the broker puts a key's messages
  none,
};

/// Everything that handler, group, listener and default decide, each field by itself: the first that says something wins.
struct HandlingPolicy {
  RetryPolicy retry = {};
  std::optional<OnFailure> on_failure = {};
  /// Default: as on_failure, without retries. Bytes that don't even say their type are taken for the topic's only handler of events, or for
  /// any of several that agree; where those disagree the listener decides.
  std::optional<OnFailure> on_undecodable = {};
  std::optional<std::chrono::milliseconds> timeout = {};  ///< of a handler that takes a Completion; default 5 min, 0: none
  BreakerPolicy breaker = {};
  RatePolicy rate = {};
};

}  // namespace dispytch
