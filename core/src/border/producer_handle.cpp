#include "border/producer_handle.hpp"

#include <string>
#include <utility>

#include "base/log.hpp"
#include "border/error.hpp"

namespace dispytch::border {

ProducerHandle::~ProducerHandle() {
  if (raw_ == nullptr) return;
  if (const Result<void> closed = close(kCloseTimeout); !closed) {
    log::error("plugin." + std::string{adapter_->library().id()}, "Closing a producer failed: " + closed.error().text);
  }
}

Result<void> ProducerHandle::flush(std::chrono::milliseconds timeout) {
  dispytch_error error = empty_error();
  const dispytch_status status = api_.flush(raw_, timeout_ms(timeout), &error);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "flushing a producer");
}

Result<void> ProducerHandle::close(std::chrono::milliseconds timeout) {
  dispytch_error error = empty_error();
  const dispytch_status status = api_.close(std::exchange(raw_, nullptr), timeout_ms(timeout), &error);
  adapter_->host_.remove_cookie(cookie_);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "closing a producer");
}

}  // namespace dispytch::border
