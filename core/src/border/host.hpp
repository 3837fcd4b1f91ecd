// What the host offers to one opened backend: log, metrics, clock and notify, behind the C struct that crosses the border.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include <dispytch/plugin/abi.h>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "border/metrics.hpp"

namespace dispytch::border {

struct HostOptions {
  std::string application = "dispytch";  ///< for the broker's lists of its clients
  std::string version = {};
  const Clock* clock = nullptr;  ///< nullptr: the machine's. Must outlive the adapter
  bool quiet = false;            ///< drops what the plugin logs: for an adapter that is opened only to be asked
};

/// Called by a plugin, on any thread and perhaps under its locks: it may signal, and must not block, throw, or call the plugin.
using NotifyCallback = std::function<void()>;

/// Must outlive the adapter's close. Its functions: any thread, never block.
class HostServices {
 public:
  HostServices(std::string plugin_id, HostOptions options);
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const dispytch_host* raw() const noexcept { return &raw_; }
  MetricRegistry& metrics() noexcept { return metrics_; }

  /// A cookie for one producer or consumer. The callback may be empty, and be set later.
  std::uint64_t add_cookie(NotifyCallback callback);
  void set_callback(std::uint64_t cookie, NotifyCallback callback);
  /// When it has returned, the callback doesn't run and won't run again. A plugin that goes on to use the cookie is told of in the log.
  void remove_cookie(std::uint64_t cookie);

 private:
  void notify(std::uint64_t cookie) noexcept;

  std::string log_source_;
  HostOptions options_;
  const Clock& clock_;
  MetricRegistry metrics_ = {};
  dispytch_clock clock_extension_ = {};
  dispytch_host raw_ = {};

  SharedMutex mutex_;  // shared while a callback runs
  std::unordered_map<std::uint64_t, NotifyCallback> callbacks_ DISPYTCH_GUARDED_BY(mutex_) = {};
  std::uint64_t next_cookie_ DISPYTCH_GUARDED_BY(mutex_) = 1;
};

}  // namespace dispytch::border
