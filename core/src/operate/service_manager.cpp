#include "operate/service_manager.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include <unistd.h>

#include "base/log.hpp"
#include "operate/watch.hpp"
#include "text/escape.hpp"

namespace dispytch::operate {
namespace {

using std::chrono::microseconds;

std::string take(const char* name) {
  const char* value = std::getenv(name);  // before any other thread runs
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

}  // namespace

ServiceManager::Environment ServiceManager::environment_of_this_process() {
  Environment environment{.socket = take("NOTIFY_SOCKET")};
  const std::string process = take("WATCHDOG_PID");  // the watchdog may be for another process of the unit
  const std::string time = take("WATCHDOG_USEC");
  if (!process.empty() && process != std::to_string(::getpid())) return environment;
  char* end = nullptr;
  const long long usec = std::strtoll(time.c_str(), &end, 10);
  if (usec > 0 && *end == '\0') environment.watchdog = microseconds{usec};
  return environment;
}

ServiceManager::ServiceManager(const Watch& watch, const Environment& environment, const Clock& clock)
    : watch_{watch}, clock_{clock}, watchdog_{environment.watchdog} {
  if (environment.socket.empty()) return;
  Result<Datagram> opened = Datagram::to(environment.socket);
  if (opened) {
    socket_.emplace(*std::move(opened));
  } else {
    log::warning("app", "systemd is not told how this service is: " + opened.error().text);
  }
}

void ServiceManager::look() {
  if (!socket_) return;
  const std::vector<std::string> unready = watch_.unready();
  std::string text;
  if (unready.empty() && !was_ready_) {
    text += "READY=1\n";
    was_ready_ = true;
  }
  std::string status = unready.empty() ? "ready" : "not ready: " + text::printable(unready.front());
  if (unready.size() > 1) status += ", and " + std::to_string(unready.size() - 1) + " more";
  if (status != status_) text += "STATUS=" + status + "\n";
  status_ = std::move(status);
  const auto now = clock_.monotonic();
  if (watchdog_ && now >= next_sign_of_life_ && watch_.dead().empty()) {
    text += "WATCHDOG=1\n";
    next_sign_of_life_ = now + *watchdog_ / 4;
  }
  if (!text.empty()) say(text);
}

std::chrono::nanoseconds ServiceManager::interval(std::chrono::nanoseconds usual) const {
  return watchdog_ ? std::min<std::chrono::nanoseconds>(usual, *watchdog_ / 4) : usual;
}

void ServiceManager::stopping(std::chrono::milliseconds patience) {
  if (!socket_) return;
  std::string text = "STOPPING=1\nSTATUS=ending\n";
  if (watchdog_) text += "WATCHDOG_USEC=" + std::to_string((microseconds{patience} + *watchdog_).count()) + "\nWATCHDOG=1\n";
  say(text);
}

void ServiceManager::say(const std::string& text) {
  if (const Result<void> sent = socket_->send(text); !sent) {
    log::warning("app", "systemd was not told how this service is: " + sent.error().text);
  }
}

}  // namespace dispytch::operate
