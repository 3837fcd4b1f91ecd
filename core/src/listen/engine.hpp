// The engine of a listener: polls, routes, handles, settles. One step at a time, so that a thread, a test harness or a simulator can drive
// it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <dispytch/message.hpp>
#include <dispytch/result.hpp>

#include "base/clock.hpp"
#include "border/consumer_handle.hpp"
#include "codec/json_codec.hpp"
#include "route/router.hpp"
#include "settle/settler.hpp"

namespace dispytch::listen {

class MessageDelivery;

/// Why a listener stopped by itself: a handler failed, or the message is no such event.
struct Failure {
  ErrorCode code = ErrorCode::handler;  ///< handler or decode
  std::string topic = {};
  std::string position = {};  ///< "partition 2, offset 1234", as far as the broker has such
  std::string key = {};       ///< cut where it is long
  std::string handler = {};
  std::string reason = {};
  std::string payload = {};  ///< cut where it is long
};
std::string to_string(const Failure& failure);

struct EngineOptions {
  std::string name = "listener";
  bool at_most_once = false;
  std::chrono::milliseconds drain{25'000};
  std::uint32_t batch_messages = 1024;  ///< credit for one poll
  std::uint64_t batch_bytes = 16 * 1024 * 1024;
  std::size_t span = 64 * 1024;  ///< of a source's window: messages between the first unfinished and the newest
  bool quiet = false;            ///< assignments and the end are logged as debug, for tests
  const Clock* clock = &system_clock();
};

/// Throws Exception (ErrorCode::config) where a backend can't acknowledge and nobody said that at most once will do.
void require_acknowledgement(std::uint64_t capabilities, bool at_most_once, const std::string& listener);

/// What a listener has done so far. Written by its thread once a batch, read by any.
struct Counters {
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> unhandled{0};  ///< settled, because no handler wants their type
  std::atomic<std::uint64_t> dropped{0};    ///< settled, because a handler said so
  std::atomic<std::int64_t> idle_since_ns{
      0};  ///< the clock's monotonic time since which nothing came; 0: something is in hand, or nothing is assigned
};

/// One listener over one consumer with one worker: the thread that steps. step() and drain(): one call at a time.
class Engine {
 public:
  enum class Step : std::uint8_t { handled, event, idle };

  Engine(std::unique_ptr<border::ConsumerHandle> consumer, std::uint64_t capabilities, route::Router router, EngineOptions options);

  /// Polls once, at most for `timeout`, and handles what came. After an error only drain() is left; failure() says more where it was a
  /// message's.
  Result<Step> step(std::chrono::milliseconds timeout, const std::stop_token& stop);

  /// The end: what is finished is settled and durable at the broker when this returns, then the group is left. Waits at most for
  /// options.drain, and for leaving the group kCloseTimeout more.
  Result<void> drain();

  /// step() until the token asks to stop, then drain(). Blocks; stop requests wake it.
  Result<void> run(const std::stop_token& stop);

  const std::optional<Failure>& failure() const noexcept { return failure_; }
  /// Whether all that is left is the broker's part of drain(): no handler runs any more. Any thread.
  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  const Counters& counters() const noexcept { return counters_; }
  const std::string& name() const noexcept { return options_.name; }

 private:
  struct Tally {
    std::uint64_t handled = 0;
    std::uint64_t unhandled = 0;
    std::uint64_t dropped = 0;
  };

  Result<void> handle_batch(const border::Batch& batch, const std::stop_token& stop);
  bool handle_message(const dispytch_message& raw, Tally& tally);
  bool handle_targets(const std::vector<route::Target>& targets, MessageDelivery& delivery, bool& dropped);
  void fail(ErrorCode code, const Message& message, std::string handler, std::string reason);
  Result<void> settle();
  void handle_event(const border::Batch& batch);
  void forget_sources(const border::Batch& batch);
  void confirm(std::uint64_t event_token);
  Error to_error(dispytch_status status, const dispytch_error& error) const;
  Result<void> survive(Error error, const std::stop_token& stop);
  void announce(std::string_view text) const;
  void note_idle(std::chrono::nanoseconds since);
  void publish(const Tally& tally, std::uint64_t received);

  const EngineOptions options_;
  const std::string log_source_;
  const std::unique_ptr<border::ConsumerHandle> consumer_;
  route::Router router_;
  settle::Settler settler_;
  codec::Decoder decoder_;
  Counters counters_;
  std::optional<Failure> failure_;
  std::size_t assigned_ = 0;        // sources held now
  bool announces_sources_ = false;  // the backend tells of its sources: without any there is nothing to be idle of
  bool down_ = false;
  std::atomic<bool> draining_{false};
  std::chrono::milliseconds pause_after_error_{0};
};

}  // namespace dispytch::listen
