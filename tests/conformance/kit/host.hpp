// The host of a plugin under test: it counts notifies, keeps the log, and says so if it is called when it must not be.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <dispytch/plugin/abi.h>

namespace dispytch::conformance {

/// All functions from any thread.
class Host {
 public:
  Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const dispytch_host* raw() const noexcept { return &raw_; }

  std::uint64_t new_cookie();
  /// The object of that cookie is closed: what comes now breaks the contract.
  void close_cookie(std::uint64_t cookie);

  std::uint64_t notified(std::uint64_t cookie) const;
  /// Waits until the object was notified more than `seen` times. False where the time ran out.
  bool wait(std::uint64_t cookie, std::uint64_t seen, std::chrono::milliseconds timeout) const;

  std::string log() const;  ///< a line each
  /// What the plugin did that a host can see is wrong, as sentences: callbacks after a close, unknown cookies and metrics.
  std::vector<std::string> complaints() const;

 private:
  void log_line(std::int32_t level, std::string text);
  std::uint32_t metric(std::uint32_t kind, const char* name);
  void record(std::uint32_t metric);
  void notify(std::uint64_t cookie);

  mutable std::mutex mutex_;  // guards all below but raw_ and clock_
  mutable std::condition_variable changed_;
  std::uint64_t last_cookie_ = 1000;  // not 0 or 1, so that a plugin that makes up cookies is found out
  std::map<std::uint64_t, std::uint64_t> notified_;
  std::set<std::uint64_t> closed_;
  std::vector<std::string> log_;
  std::vector<std::string> metrics_;
  std::vector<std::string> complaints_;
  dispytch_clock clock_{};
  dispytch_host raw_{};
};

}  // namespace dispytch::conformance
