#include <dispytch/result.hpp>

namespace dispytch {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::not_implemented: return "not_implemented";
    case ErrorCode::invalid: return "invalid";
    case ErrorCode::config: return "config";
    case ErrorCode::auth: return "auth";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::too_big: return "too_big";
    case ErrorCode::fenced: return "fenced";
    case ErrorCode::closed: return "closed";
    case ErrorCode::timeout: return "timeout";
    case ErrorCode::full: return "full";
    case ErrorCode::decode: return "decode";
    case ErrorCode::handler: return "handler";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

}  // namespace dispytch
