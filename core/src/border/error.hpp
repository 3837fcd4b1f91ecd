// The errors and times of the C border in terms of core.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>

#include <dispytch/plugin/abi.h>
#include <dispytch/result.hpp>

namespace dispytch::border {

/// An error struct to pass across the border.
inline dispytch_error empty_error() noexcept {
  dispytch_error error;
  error.size = sizeof error;
  error.code = 0;
  error.flags = 0;
  error.broker_code = 0;
  error.text[0] = '\0';
  return error;
}

/// DISPYTCH_E* and the two positive statuses as ErrorCode. DISPYTCH_OK has none: internal.
ErrorCode error_code(dispytch_status status) noexcept;

/// What a call that ended with `status` (not DISPYTCH_OK) says. The text is the plugin's own; with ErrorCode::config it begins with the
/// option's JSON pointer: "/config/acks: expected ...". Where the plugin gave none, `doing` completes the sentence: "opening a producer".
Error to_error(dispytch_status status, const dispytch_error& error, std::string_view plugin_id, std::string_view doing);

/// The border's timeout: negative durations mean no bound, what is too long is cut to 24 days.
constexpr std::int32_t timeout_ms(std::chrono::milliseconds timeout) noexcept {
  if (timeout.count() < 0) return -1;
  return static_cast<std::int32_t>(std::min<std::int64_t>(timeout.count(), std::numeric_limits<std::int32_t>::max()));
}

}  // namespace dispytch::border
