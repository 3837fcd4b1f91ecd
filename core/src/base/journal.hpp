// The journal of systemd, by its own protocol, so that a line keeps its level and its source there.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/datagram.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"

namespace dispytch::log {

/// Any thread.
class Journal {
 public:
  static constexpr const char* kSocket = "/run/systemd/journal/socket";

  /// Returns the journal where this process's standard error goes there (JOURNAL_STREAM says so); null elsewhere.
  static std::shared_ptr<Journal> of_standard_error(const std::string& socket = kSocket);

  /// Writes one line with the fields MESSAGE, PRIORITY (as syslog numbers them) and DISPYTCH_SOURCE. Returns whether the journal took it:
  /// it never waits, and a line that is larger than a datagram is not taken.
  bool write(Level level, std::string_view source, std::string_view text);

  explicit Journal(Datagram socket) noexcept : socket_{std::move(socket)} {}

 private:
  Mutex mutex_;
  Datagram socket_ DISPYTCH_GUARDED_BY(mutex_);
};

}  // namespace dispytch::log
