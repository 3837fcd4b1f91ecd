#include "border/host.hpp"

#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "base/log.hpp"

namespace dispytch::border {
namespace {

static_assert(static_cast<int>(log::Level::error) == DISPYTCH_LOG_ERROR && static_cast<int>(log::Level::warning) == DISPYTCH_LOG_WARNING &&
              static_cast<int>(log::Level::info) == DISPYTCH_LOG_INFO && static_cast<int>(log::Level::debug) == DISPYTCH_LOG_DEBUG);

log::Level level_from(std::int32_t level) noexcept {
  if (level < DISPYTCH_LOG_ERROR) return log::Level::error;
  return level > DISPYTCH_LOG_DEBUG ? log::Level::debug : static_cast<log::Level>(level);
}

std::int32_t least_level() noexcept {
  std::int32_t level = DISPYTCH_LOG_ERROR;
  while (level < DISPYTCH_LOG_DEBUG && log::enabled(level_from(level + 1))) ++level;
  return level;
}

// No exception of the host's may reach a plugin. What fails here is a line of the log or a metric: there is nobody left to tell.
template <class F>
void quietly(F&& body) noexcept {
  try {
    std::forward<F>(body)();
  } catch (const std::exception&) {}
}

}  // namespace

HostServices::HostServices(std::string plugin_id, HostOptions options)
    : log_source_{"plugin." + std::move(plugin_id)},
      options_{std::move(options)},
      clock_{options_.clock == nullptr ? system_clock() : *options_.clock} {
  clock_extension_ = {.size = sizeof clock_extension_,
                      .reserved = 0,
                      .context = this,
                      .monotonic_ns = [](void* context) noexcept -> std::int64_t {
                        return static_cast<HostServices*>(context)->clock_.monotonic().count();
                      },
                      .unix_ms = [](void* context) noexcept { return static_cast<HostServices*>(context)->clock_.unix_ms(); }};
  raw_ = {.size = sizeof raw_,
          .abi_minor = DISPYTCH_ABI_MINOR,
          .context = this,
          .application = options_.application.c_str(),
          .version = options_.version.c_str(),
          .log_level = least_level(),
          .reserved = 0,
          .log =
              [](void* context, std::int32_t level, const char* text, std::size_t len) noexcept {
                const auto& host = *static_cast<HostServices*>(context);
                if (host.options_.quiet) return;
                quietly([&] { log::write(level_from(level), host.log_source_, {text, len}); });
              },
          .metric =
              [](void* context, std::uint32_t kind, const char* name, const char* unit) noexcept {
                std::uint32_t id = 0;
                quietly([&] { id = static_cast<HostServices*>(context)->metrics_.declare(kind, name, unit == nullptr ? "" : unit); });
                return id;
              },
          .record = [](void* context, std::uint32_t metric,
                       double value) noexcept { static_cast<HostServices*>(context)->metrics_.record(metric, value); },
          .notify = [](void* context, std::uint64_t cookie) noexcept { static_cast<HostServices*>(context)->notify(cookie); },
          .extension = [](void* context, const char* id) noexcept -> const void* {
            const std::string_view name{id};
            return name == DISPYTCH_EXTENSION_CLOCK ? &static_cast<HostServices*>(context)->clock_extension_ : nullptr;
          }};
}

std::uint64_t HostServices::add_cookie(NotifyCallback callback) {
  const WriterLock lock{mutex_};
  callbacks_.emplace(next_cookie_, std::move(callback));
  return next_cookie_++;
}

void HostServices::set_callback(std::uint64_t cookie, NotifyCallback callback) {
  const WriterLock lock{mutex_};
  if (const auto found = callbacks_.find(cookie); found != callbacks_.end()) found->second = std::move(callback);
}

void HostServices::remove_cookie(std::uint64_t cookie) {
  const WriterLock lock{mutex_};
  callbacks_.erase(cookie);
}

void HostServices::notify(std::uint64_t cookie) noexcept {
  quietly([&] {
    {
      const ReaderLock lock{mutex_};
      if (const auto found = callbacks_.find(cookie); found != callbacks_.end()) {
        if (found->second) found->second();
        return;
      }
    }
    log::warning(log_source_, "The plugin notified of a producer or consumer that is closed; it should have ended its threads before.");
  });
}

}  // namespace dispytch::border
