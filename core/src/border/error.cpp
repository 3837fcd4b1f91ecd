#include "border/error.hpp"

#include <cstring>

#include <string>
#include <string_view>
#include <utility>

namespace dispytch::border {

ErrorCode error_code(dispytch_status status) noexcept {
  switch (status) {
    case DISPYTCH_AGAIN: return ErrorCode::full;
    case DISPYTCH_TIMEOUT: return ErrorCode::timeout;
    case DISPYTCH_ENOTIMPL: return ErrorCode::not_implemented;
    case DISPYTCH_EINVAL: return ErrorCode::invalid;
    case DISPYTCH_ECONFIG: return ErrorCode::config;
    case DISPYTCH_EAUTH: return ErrorCode::auth;
    case DISPYTCH_EUNAVAILABLE: return ErrorCode::unavailable;
    case DISPYTCH_ENOTFOUND: return ErrorCode::not_found;
    case DISPYTCH_ETOOBIG: return ErrorCode::too_big;
    case DISPYTCH_EFENCED: return ErrorCode::fenced;
    case DISPYTCH_ECLOSED: return ErrorCode::closed;
    default: return ErrorCode::internal;
  }
}

Error to_error(dispytch_status status, const dispytch_error& error, std::string_view plugin_id, std::string_view doing) {
  const ErrorCode code = error_code(status);
  std::string text{error.text, ::strnlen(error.text, sizeof error.text)};
  if (text.empty() && status == DISPYTCH_TIMEOUT) {
    text = "the plugin `" + std::string{plugin_id} + "` got no answer in time at " + std::string{doing};
  } else if (text.empty()) {
    text = "the plugin `" + std::string{plugin_id} + "` failed at " + std::string{doing} + " (" + std::string{to_string(code)} +
           ", status " + std::to_string(status) + ") and gives no reason.";
  }
  return {.code = code,
          .text = std::move(text),
          .retriable = (error.flags & DISPYTCH_ERROR_RETRIABLE) != 0,
          .maybe_sent = (error.flags & DISPYTCH_ERROR_MAYBE_SENT) != 0,
          .fatal = (error.flags & DISPYTCH_ERROR_FATAL) != 0,
          .broker_code = error.broker_code};
}

}  // namespace dispytch::border
