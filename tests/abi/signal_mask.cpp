// A plugin that starts a thread as soon as it is loaded, and whose version tells whether signals reach that thread.
#include <pthread.h>
#include <csignal>
#include <cstdint>

#include <thread>

#include <dispytch/plugin/backend.hpp>

namespace {

namespace plugin = dispytch::plugin;

const char* const version_from_thread = [] {
  const char* found = nullptr;
  std::thread{[&] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    found = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1 ? "signals blocked" : "signals arrive";
  }}.join();
  return found;
}();

class Producer {
 public:
  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) { return {messages.size()}; }
  std::size_t reports(plugin::Strided<plugin::Report>) { return 0; }
  plugin::Status flush(std::chrono::milliseconds) { return {}; }
};

class Backend {
 public:
  Backend(plugin::Host, plugin::Config) {}
  plugin::Result<std::unique_ptr<Producer>> producer(plugin::Config) { return std::make_unique<Producer>(); }
};

struct Plugin {
  using Type = Backend;
  static constexpr plugin::Description description{.id = "signal_mask", .version = "unknown"};
};

}  // namespace

const dispytch_plugin* dispytch_plugin_v1(std::uint32_t) noexcept {
  static const dispytch_plugin table = [] {
    dispytch_plugin copy = plugin::detail::Table<Plugin>::value;
    copy.version = version_from_thread;
    return copy;
  }();
  return &table;
}
