// What a handler says of the message it was given.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace dispytch {

/// What becomes of a message after its handler returned. A handler that returns nothing says done(); one that throws has failed.
class Outcome {
 public:
  enum class Kind : std::uint8_t { done, drop };

  Kind kind() const noexcept { return kind_; }
  const std::string& reason() const noexcept { return reason_; }

 private:
  friend Outcome done() noexcept;
  friend Outcome drop(std::string reason);
  Outcome(Kind kind, std::string reason) noexcept : kind_{kind}, reason_{std::move(reason)} {}

  Kind kind_;
  std::string reason_;
};

/// The message was handled; it is settled.
inline Outcome done() noexcept { return {Outcome::Kind::done, {}}; }
/// The message is of no use; it is settled, counted as dropped and the reason logged.
inline Outcome drop(std::string reason = {}) { return {Outcome::Kind::drop, std::move(reason)}; }

}  // namespace dispytch
