// What a client knows of why it isn't connected, and when that is reason enough to wait no longer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <dispytch/plugin/status.hpp>

#include "diagnosis.hpp"

namespace dispytch::kafka {

/// Remembers why the last connection failed. One thread at a time.
///
/// Until a client has logged in for the first time, a refusal is a mistake of the configuration: whoever waits is told at once. Later it
/// is a broker that is down, since credentials are rotated and certificates renewed; what was accepted is tried until its time-out.
class Trouble {
 public:
  using Clock = std::chrono::steady_clock;
  /// How long what may mend itself has time to: another broker that was given may be the right one, or one that is being restarted comes
  /// back. Short enough that who waits is told within five seconds.
  static constexpr std::chrono::milliseconds kPatience{3'000};
  /// How long an error that repeats itself goes unsaid by librdkafka.
  static constexpr std::chrono::milliseconds kUnsaid{30'000};

  /// Notes a failed connection. Returns whether its cause is known, so that its sentence names the option to change.
  bool note(const Approach& approach, const FailedConnection& failed, Clock::time_point now);
  /// Forgets all: a broker has answered.
  void clear();

  /// Returns whether nothing is known.
  bool is_none() const noexcept { return text_.empty(); }
  /// Returns the cause in words; empty: none.
  const std::string& text() const noexcept { return text_; }
  /// Returns when the last connection failed.
  Clock::time_point at() const noexcept { return at_; }
  /// Returns the cause, before the first login: DISPYTCH_EAUTH where it is reason enough to wait no longer, else DISPYTCH_EUNAVAILABLE;
  /// DISPYTCH_OK where nothing is known.
  plugin::Error before_login(Clock::time_point now) const;

 private:
  std::string text_ = {};
  std::int32_t broker_code_ = 0;
  Diagnosis::Kind kind_ = Diagnosis::Kind::unknown;
  bool lasting_ = false;                         // nothing but another configuration mends it
  int suspicions_ = 0;                           // failures with the signs of a wrong `security.protocol`
  std::optional<Clock::time_point> since_ = {};  // of the first failure whose cause is known
  Clock::time_point at_ = {};
};

}  // namespace dispytch::kafka
