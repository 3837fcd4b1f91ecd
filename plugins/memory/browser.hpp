// Looks at what a topic of a memory broker keeps, without any group: the extension "dispytch.browse/1".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "broker.hpp"

namespace dispytch::memory {

/// One thread at a time; takes the broker's mutex.
class Browser {
 public:
  /// Throws plugin::Exception (DISPYTCH_EINVAL, DISPYTCH_ENOTFOUND).
  Browser(std::shared_ptr<Broker> broker, const plugin::Look& look);

  static std::uint32_t disturbs() noexcept { return 0; }
  /// The next messages, partition by partition, up to the end that there was at the beginning. What is deleted meanwhile is passed over.
  plugin::Status read(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);

 private:
  struct Range {
    const Partition* partition;
    std::int64_t next, end;
  };
  const std::shared_ptr<Broker> broker_;
  std::vector<Range> ranges_ = {};
  std::size_t at_ = 0;
};

}  // namespace dispytch::memory
