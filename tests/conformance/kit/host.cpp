#include "kit/host.hpp"

#include <cstdint>
#include <cstring>
#include <ctime>

#include "kit/failure.hpp"

namespace dispytch::conformance {
namespace {

Host& self(void* context) { return *static_cast<Host*>(context); }

std::int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Host::Host() {
  clock_.size = sizeof(clock_);
  clock_.monotonic_ns = [](void*) noexcept { return nanoseconds(CLOCK_MONOTONIC); };
  clock_.unix_ms = [](void*) noexcept { return nanoseconds(CLOCK_REALTIME) / 1'000'000; };

  raw_.size = sizeof(raw_);
  raw_.abi_minor = DISPYTCH_ABI_MINOR;
  raw_.context = this;
  raw_.application = "dispytch-conformance";
  raw_.version = "1.0.0";
  raw_.log_level = DISPYTCH_LOG_INFO;
  raw_.log = [](void* context, std::int32_t level, const char* text, std::size_t len) noexcept {
    self(context).log_line(level, std::string{text, len});
  };
  raw_.metric = [](void* context, std::uint32_t kind, const char* name, const char*) noexcept { return self(context).metric(kind, name); };
  raw_.record = [](void* context, std::uint32_t metric, double) noexcept { self(context).record(metric); };
  raw_.notify = [](void* context, std::uint64_t cookie) noexcept { self(context).notify(cookie); };
  raw_.extension = [](void* context, const char* id) noexcept -> const void* {
    return std::strcmp(id, DISPYTCH_EXTENSION_CLOCK) == 0 ? &self(context).clock_ : nullptr;
  };
}

std::uint64_t Host::new_cookie() {
  const std::lock_guard lock{mutex_};
  notified_[++last_cookie_] = 0;
  return last_cookie_;
}

void Host::close_cookie(std::uint64_t cookie) {
  const std::lock_guard lock{mutex_};
  closed_.insert(cookie);
}

std::uint64_t Host::notified(std::uint64_t cookie) const {
  const std::lock_guard lock{mutex_};
  return notified_.at(cookie);
}

bool Host::wait(std::uint64_t cookie, std::uint64_t seen, std::chrono::milliseconds timeout) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_until(lock, std::chrono::system_clock::now() + timeout, [&] { return notified_.at(cookie) > seen; });
}

std::string Host::log() const {
  const std::lock_guard lock{mutex_};
  std::string lines;
  for (const std::string& line : log_) lines += line + "\n";
  return lines;
}

std::vector<std::string> Host::complaints() const {
  const std::lock_guard lock{mutex_};
  return complaints_;
}

void Host::log_line(std::int32_t level, std::string text) {
  const std::lock_guard lock{mutex_};
  if (level < DISPYTCH_LOG_ERROR || level > DISPYTCH_LOG_DEBUG)
    complaints_.push_back(say("log was called with the level ", level, ", which there is not"));
  log_.push_back(std::move(text));
}

std::uint32_t Host::metric(std::uint32_t kind, const char* name) {
  const std::lock_guard lock{mutex_};
  if (kind < DISPYTCH_METRIC_COUNTER || kind > DISPYTCH_METRIC_HISTOGRAM)
    complaints_.push_back(say("metric was called with the kind ", kind, ", which there is not"));
  metrics_.emplace_back(name);
  return static_cast<std::uint32_t>(metrics_.size());
}

void Host::record(std::uint32_t metric) {
  const std::lock_guard lock{mutex_};
  if (metric == 0 || metric > metrics_.size())
    complaints_.push_back(say("record was called with ", metric, ", which metric never returned"));
}

void Host::notify(std::uint64_t cookie) {
  const std::lock_guard lock{mutex_};
  if (!notified_.contains(cookie)) {
    complaints_.push_back(say("notify was called with the cookie ", cookie, ", which nothing was opened with"));
    return;
  }
  if (closed_.contains(cookie)) complaints_.push_back("notify was called for an object that was closed");
  ++notified_[cookie];
  changed_.notify_all();
}

}  // namespace dispytch::conformance
