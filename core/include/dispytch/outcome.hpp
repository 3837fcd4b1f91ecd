// What a handler says of the message it was given.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace dispytch {

/// What becomes of a message after its handler returned. A handler that returns nothing says done(); one that throws has failed.
class Outcome {
 public:
  enum class Kind : std::uint8_t { done, drop, retry_after, dead_letter, unavailable };

  Kind kind() const noexcept { return kind_; }
  const std::string& reason() const noexcept { return reason_; }
  std::chrono::milliseconds delay() const noexcept { return delay_; }

 private:
  friend Outcome done() noexcept;
  friend Outcome drop(std::string reason);
  friend Outcome retry_after(std::chrono::milliseconds delay, std::string reason);
  friend Outcome dead_letter(std::string reason);
  friend Outcome unavailable(std::string reason);
  Outcome(Kind kind, std::string reason, std::chrono::milliseconds delay = {}) noexcept
      : kind_{kind}, reason_{std::move(reason)}, delay_{delay} {}

  Kind kind_;
  std::string reason_;
  std::chrono::milliseconds delay_;
};

/// The message was handled; it is settled.
inline Outcome done() noexcept { return {Outcome::Kind::done, {}}; }
/// The message is of no use; it is settled, counted as dropped and the reason logged.
inline Outcome drop(std::string reason = {}) { return {Outcome::Kind::drop, std::move(reason)}; }
/// A failed attempt, with a delay of the handler's own in place of the backoff. Where attempts are used up, as for an exception. A delay
/// beyond the listener's `retry.in_place_max` is waited for in the lane all the same, unless `retry.beyond_in_place_max` is `requeue`.
inline Outcome retry_after(std::chrono::milliseconds delay, std::string reason = {}) {
  return {Outcome::Kind::retry_after, std::move(reason), delay};
}
/// The message can't be handled, and trying again can't help: no attempt more. It goes to the dead letters, or is held where there are
/// none.
inline Outcome dead_letter(std::string reason) { return {Outcome::Kind::dead_letter, std::move(reason)}; }
/// Something that the handler needs is away. It is tried again, by the backoff, for as long as that takes: this uses up no attempt, so
/// that an outage doesn't flush a topic into the dead letters.
inline Outcome unavailable(std::string reason = {}) { return {Outcome::Kind::unavailable, std::move(reason)}; }

}  // namespace dispytch
