// What keeps a listener from beginning anything more.
#pragma once

#include <optional>
#include <stop_token>
#include <utility>

#include <dispytch/result.hpp>

#include "listen/failure.hpp"

namespace dispytch::listen {

/// The owner of the listener's state. The first failure and the first error count.
class Halt {
 public:
  /// Notes the message for which the listener stops.
  void stop_for(Failure failure) {
    if (!failure_) failure_ = std::move(failure);
  }
  /// Notes an error that ends the listener, but that no step has returned yet.
  void end_with(Error error) {
    if (!error_) error_ = std::move(error);
  }
  /// Notes that the drain has begun.
  void drain() noexcept { draining_ = true; }
  /// Sets the token of the step at hand.
  void watch(const std::stop_token& stop) { stop_ = stop; }

  const std::optional<Failure>& failure() const noexcept { return failure_; }
  std::optional<Error> take_error() noexcept { return std::exchange(error_, std::nullopt); }
  bool is_draining() const noexcept { return draining_; }
  bool stop_requested() const noexcept { return stop_.stop_requested(); }
  /// Whether the listener is at its end: no message is asked for, no handler called any more.
  bool is_over() const noexcept { return failure_ || error_ || draining_; }
  /// The same, or the step at hand was asked to stop.
  bool begins_nothing() const noexcept { return is_over() || stop_.stop_requested(); }

 private:
  std::optional<Failure> failure_;
  std::optional<Error> error_;
  bool draining_ = false;
  std::stop_token stop_;
};

}  // namespace dispytch::listen
