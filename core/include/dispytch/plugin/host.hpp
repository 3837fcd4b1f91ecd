// What the host offers to a plugin: its log, its metrics, its clock, and a way to say that there is something to do.
#pragma once

#include <pthread.h>
#include <time.h>
#include <csignal>

#include <chrono>
#include <cstdint>
#include <string_view>

#include <dispytch/plugin/abi.h>

namespace dispytch::plugin {

/// One number that an operator can watch. Any thread, never blocks.
class Metric {
 public:
  Metric() noexcept = default;  ///< records nowhere
  Metric(const dispytch_host* host, std::uint32_t id) noexcept : host_{host}, id_{id} {}
  void record(double value) const noexcept {
    if (host_ != nullptr) host_->record(host_->context, id_, value);
  }

 private:
  const dispytch_host* host_ = nullptr;
  std::uint32_t id_ = 0;
};

/// The time, of the host where it offers one (a test's is virtual), else of the machine. Any thread, never blocks. Take deadlines and
/// the times of messages from here, so that a plugin can be tested without waiting.
class Clock {
 public:
  Clock() noexcept = default;
  explicit Clock(const dispytch_clock* clock) noexcept : clock_{clock} {}

  std::chrono::nanoseconds monotonic() const noexcept {
    if (clock_ != nullptr) return std::chrono::nanoseconds{clock_->monotonic_ns(clock_->context)};
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
  }
  std::int64_t unix_ms() const noexcept {
    if (clock_ != nullptr) return clock_->unix_ms(clock_->context);
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  }

 private:
  const dispytch_clock* clock_ = nullptr;
};

enum class Level : std::int32_t {
  error = DISPYTCH_LOG_ERROR,
  warning = DISPYTCH_LOG_WARNING,
  info = DISPYTCH_LOG_INFO,
  debug = DISPYTCH_LOG_DEBUG
};

/// The host, from the backend's construction until its destruction. Cheap to copy. Any thread; nothing here blocks or throws.
class Host {
 public:
  explicit Host(const dispytch_host* host) noexcept : host_{host} {}

  /// The application's name and version, for the broker's lists of its clients.
  std::string_view application() const noexcept { return host_->application == nullptr ? "" : host_->application; }
  std::string_view version() const noexcept { return host_->version == nullptr ? "" : host_->version; }
  /// The minor version of the border that the host knows; what a later one appended it doesn't understand.
  std::uint32_t abi_minor() const noexcept { return host_->abi_minor; }

  /// Whether a line of that level would be written; spares building it.
  bool logs(Level level) const noexcept { return static_cast<std::int32_t>(level) <= host_->log_level; }
  void log(Level level, std::string_view text) const noexcept {
    if (logs(level)) host_->log(host_->context, static_cast<std::int32_t>(level), text.data(), text.size());
  }

  Metric counter(const char* name, const char* unit) const noexcept { return metric(DISPYTCH_METRIC_COUNTER, name, unit); }
  Metric gauge(const char* name, const char* unit) const noexcept { return metric(DISPYTCH_METRIC_GAUGE, name, unit); }
  Metric histogram(const char* name, const char* unit) const noexcept { return metric(DISPYTCH_METRIC_HISTOGRAM, name, unit); }

  Clock clock() const noexcept { return Clock{static_cast<const dispytch_clock*>(extension(DISPYTCH_EXTENSION_CLOCK))}; }
  const void* extension(const char* id) const noexcept {
    const bool offered = DISPYTCH_HAS(dispytch_host, host_, extension) && host_->extension != nullptr;
    return offered ? host_->extension(host_->context, id) : nullptr;
  }

  const dispytch_host* raw() const noexcept { return host_; }

 private:
  Metric metric(std::uint32_t kind, const char* name, const char* unit) const noexcept {
    return {host_, host_->metric(host_->context, kind, name, unit)};
  }
  const dispytch_host* host_;
};

/// Tells the host that poll, reports or send of one producer or consumer can make progress. Any thread, also under the plugin's locks,
/// also too often. Not after that object's close.
class Notify {
 public:
  Notify() noexcept = default;  ///< tells nobody
  Notify(const dispytch_host* host, std::uint64_t cookie) noexcept : host_{host}, cookie_{cookie} {}
  void operator()() const noexcept {
    if (host_ != nullptr) host_->notify(host_->context, cookie_);
  }

 private:
  const dispytch_host* host_ = nullptr;
  std::uint64_t cookie_ = 0;
};

/// What an object that is being opened gets besides its config.
struct Opening {
  Notify notify = {};
  std::chrono::milliseconds timeout = {};
};

/// While one lives, no signal reaches this thread, nor any thread started by it: those keep signals blocked for good, as the contract
/// wants of a plugin's threads.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_ = {};
};

}  // namespace dispytch::plugin
