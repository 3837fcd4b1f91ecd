// What stands behind an EventEmitter, for the parts of core that emit through one.
#pragma once

#include <memory>

#include <dispytch/emitter.hpp>

namespace dispytch::detail {

class EmitterAccess {
 public:
  static const std::shared_ptr<EmitterCore>& core(const EventEmitter& emitter) noexcept { return emitter.core_; }
};

}  // namespace dispytch::detail
