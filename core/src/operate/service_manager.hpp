// Tells systemd that the application is ready, how it is, that it lives, and that it is ending.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/datagram.hpp"

namespace dispytch::operate {

class Watch;

/// The protocol of sd_notify(3), spoken where the unit asks for it by Type=notify (NOTIFY_SOCKET) and WatchdogSec= (WATCHDOG_USEC);
/// elsewhere every function does nothing. One thread at a time. The watch must outlive it.
class ServiceManager {
 public:
  struct Environment {
    std::string socket = {};                                 ///< a path, or an abstract name that begins with @; empty: nobody listens
    std::optional<std::chrono::microseconds> watchdog = {};  ///< within which the application must say that it lives
  };
  /// Returns what systemd said to this process, and takes it out of the environment, so that no child says it in its place.
  static Environment environment_of_this_process();

  ServiceManager(const Watch& watch, const Environment& environment, const Clock& clock = system_clock());

  /// Says what has changed, and that the application lives, where Watch::dead() has no reason against it. Never blocks; to be called
  /// every second, or twice in the watchdog's time where that is shorter (interval() says).
  void look();
  /// Returns how often look() should be called, `usual` at the least.
  std::chrono::nanoseconds interval(std::chrono::nanoseconds usual) const;
  /// Says that the end has begun, which may take up to `patience`; the watchdog waits for as long.
  void stopping(std::chrono::milliseconds patience);

 private:
  void say(const std::string& text);

  const Watch& watch_;
  const Clock& clock_;
  std::optional<Datagram> socket_ = {};
  std::optional<std::chrono::microseconds> watchdog_;
  std::chrono::nanoseconds next_sign_of_life_{0};
  bool was_ready_ = false;
  std::string status_ = {};
};

}  // namespace dispytch::operate
