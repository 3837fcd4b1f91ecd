// What every table of the border needs: exceptions that end at it, time-outs, the backend behind an adapter. The glue alone.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

#include <dispytch/plugin/abi.h>
#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/status.hpp>

namespace dispytch::plugin::detail {

using Milliseconds = std::chrono::milliseconds;

/// "No bound" arrives as a year, which may be added to any clock's now.
inline Milliseconds timeout(std::int32_t timeout_ms) noexcept {
  return timeout_ms < 0 ? std::chrono::hours{24 * 365} : Milliseconds{timeout_ms};
}

template <class F>
dispytch_status guarded(dispytch_error* error, F&& body) noexcept {
  try {
    return finish(error, std::forward<F>(body)());
  } catch (...) {
    return fill_from_exception(error);
  }
}

template <class T>
concept Closes = requires(T& object, Milliseconds timeout) {
  { object.close(timeout) } -> std::same_as<Status>;
};

// Ends the object whatever its close says, as the contract wants.
template <class T>
dispytch_status close(std::unique_ptr<T> object, std::int32_t timeout_ms, dispytch_error* error) noexcept {
  if constexpr (Closes<T>) {
    return guarded(error, [&] { return object->close(timeout(timeout_ms)); });
  } else {
    return DISPYTCH_OK;
  }
}

/// What dispytch_adapter* points at.
template <class B>
struct Opened {
  Host host;
  std::unique_ptr<B> backend;
  static Opened& of(dispytch_adapter* adapter) noexcept { return *reinterpret_cast<Opened*>(adapter); }
};

}  // namespace dispytch::plugin::detail
