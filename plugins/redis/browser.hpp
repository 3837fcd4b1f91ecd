// Looks at what a stream keeps, without any group: the extension "dispytch.browse/1".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <dispytch/plugin/backend.hpp>

#include "entry_id.hpp"
#include "server.hpp"
#include "session.hpp"

namespace dispytch::redis {

/// One thread at a time.
class Browser {
 public:
  /// Throws plugin::Exception.
  Browser(const Server& server, const plugin::Look& look, std::chrono::milliseconds timeout);

  static std::uint32_t disturbs() noexcept { return 0; }
  /// The next entries, up to the last that there was at the beginning.
  plugin::Status read(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);

 private:
  const Server& server_;
  const std::string topic_;
  Session session_;
  EntryId next_ = {}, last_ = {};
};

}  // namespace dispytch::redis
