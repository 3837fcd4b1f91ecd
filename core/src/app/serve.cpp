#include "app/serve.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/farewell.hpp"
#include "app/supervisor.hpp"
#include "app/wiring.hpp"
#include "base/log.hpp"
#include "handle/bind.hpp"
#include "operate/answers.hpp"
#include "operate/control_socket.hpp"
#include "operate/http.hpp"
#include "operate/service_manager.hpp"
#include "operate/watch.hpp"

namespace dispytch::app {
namespace {

using std::chrono::milliseconds;

// How long the tasks of an application without listeners may go on after the end was asked for; listeners have their own `drain`.
constexpr milliseconds kTaskPatience{25'000};
constexpr std::chrono::seconds kLookInterval{1};  // between two looks for stuck messages
constexpr milliseconds kLeavingInterval{50};

std::string count(std::uint64_t number, const std::string& what) { return std::to_string(number) + " " + what + (number == 1 ? "" : "s"); }

void start_tasks(Supervisor& supervisor, const Application& application) {
  for (const NamedTask& task : application.tasks) {
    std::vector<std::string> none;
    supervisor.start(Supervisor::Kind::task, task.name,
                     [&task, provided = handle::bind_parameters(task.name, task.task.parameters, application.providers, none)](
                         std::stop_token stop) -> Result<void> {
                       task.task.run(provided.data(), std::move(stop));
                       return {};
                     });
  }
}

// As Supervisor::join(). Once nothing is in hand, neither of a listener nor of an emitter, it says so: a broker that doesn't answer should
// hold the end up no longer.
bool join(Supervisor& supervisor, milliseconds timeout, Connections& connections, std::function<void()>& leaving) {
  const auto nothing_in_hand = [&] {
    return !supervisor.tasks_running() &&
           std::ranges::all_of(connections.listeners(), [](const auto& engine) { return engine->leaving(); }) &&
           std::ranges::all_of(connections.emitters(), [](const auto& core) { return core.second->unanswered() == 0; });
  };
  const auto end = system_clock().monotonic() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - system_clock().monotonic());
    const bool ended = supervisor.join(std::clamp(left, milliseconds{0}, kLeavingInterval));
    const bool failed = supervisor.failure().has_value();
    if (leaving && !failed && nothing_in_hand()) std::exchange(leaving, nullptr)();
    if (ended || left <= milliseconds{0}) return ended;
  }
}

}  // namespace

ExitCode serve(const Application& application, const config::Config& config, Connections& connections, const ServeOptions& options,
               const std::stop_token& stop) {
  const std::string& name = application.name;
  Backends backends{config, name, application.version};
  connections.open(backends, {.between = [&] {
                     if (options.interrupted()) throw Exception{ErrorCode::closed, "interrupted"};
                   }});
  auto& engines = connections.listeners();
  milliseconds patience = engines.empty() ? kTaskPatience : milliseconds{0};
  for (const auto& engine : engines) patience = std::max(patience, config.listeners.at(engine->name()).drain);

  std::vector<listen::Engine*> watched;
  for (const auto& engine : engines) watched.push_back(engine.get());
  std::vector<operate::NamedMetrics> recorded;
  for (const auto& [backend, adapter] : backends.all()) recorded.push_back({backend, &adapter->metrics()});
  operate::Watch watch{std::move(watched), std::move(recorded)};
  operate::ServiceManager systemd{watch, options.service_manager};
  std::optional<operate::HttpServer> http;
  std::optional<operate::ControlSocket> control;
  if (!config.http_address.empty()) http.emplace(config.http_address, watch);
  if (!config.control_socket.empty()) {
    control.emplace(config.control_socket,
                    [&](std::string_view request, std::string_view who) { return operate::answer(watch, name, request, who); });
  }

  options.started();
  std::optional<Error> failure;
  std::uint64_t held = 0;  // at an end for want of anything to do
  Farewell farewell{.stop = stop, .patience = patience};
  for (const auto& [emitter, core] : connections.emitters()) farewell.timeouts.emplace(emitter, config.emitters.at(emitter).timeout);
  const auto unconfirmed = [](std::size_t messages) {
    return std::to_string(messages) + " emitted messages were not confirmed by the broker before the end";
  };
  {
    Supervisor supervisor;
    for (const auto& engine : engines) {
      supervisor.start(Supervisor::Kind::listener, "listener " + engine->name(),
                       [&engine = *engine](std::stop_token stop_listener) { return engine.run(stop_listener); });
    }
    start_tasks(supervisor, application);
    log::info("app", name + " started: " + std::to_string(engines.size()) + " listeners, " + std::to_string(connections.emitters().size()) +
                         " emitters, " + std::to_string(application.tasks.size()) + " tasks");

    auto next_look = system_clock().monotonic();
    const auto idle = [&] {
      if (system_clock().monotonic() >= next_look) {
        watch.look();
        systemd.look();
        next_look = system_clock().monotonic() + systemd.interval(kLookInterval);
      }
      if (!options.until_idle || supervisor.tasks_running()) return false;
      const auto now = system_clock().monotonic().count();
      return std::ranges::all_of(engines, [&](const auto& engine) {
        const auto since = engine->counters().idle_since_ns.load(std::memory_order_relaxed);
        return since != 0 && now - since >= std::chrono::nanoseconds{*options.until_idle}.count();
      });
    };
    supervisor.wait(stop, idle);
    if (options.until_idle && !stop.stop_requested()) {
      for (const auto& engine : engines) held += engine->counters().held.load(std::memory_order_relaxed);
    }
    if (stop.stop_requested()) farewell.asked = system_clock().monotonic();
    systemd.stopping(patience + border::kCloseTimeout);
    supervisor.request_stop();
    // Handlers are awaited for `drain`; what the broker takes longer for ends by itself, with an error of its own.
    std::function<void()> leaving = options.leaving;
    bool ended = join(supervisor, patience, connections, leaving);
    if (!ended && !engines.empty() && std::ranges::all_of(engines, [](const auto& engine) { return engine->draining(); })) {
      ended = join(supervisor, patience + border::kCloseTimeout + milliseconds{1000}, connections, leaving);
    }
    failure = supervisor.failure();
    std::string outlived = ended ? "" : supervisor.still_running();
    for (const auto& engine : engines) {  // one that has drained in vain: a worker, or a Completion, is still at it
      if (engine->still_running() == 0) continue;
      outlived += (outlived.empty() ? "" : ", ") + count(engine->still_running(), "message") + " of listener " + engine->name();
    }
    if (!outlived.empty()) {
      farewell.asked = system_clock().monotonic() - patience;
      const std::size_t left = bid_farewell(connections.emitters(), farewell);
      std::uint64_t in_hand = 0;
      for (const auto& engine : engines) in_hand += engine->counters().unfinished.load(std::memory_order_relaxed);
      log::error("app",
                 outlived + " still ran " + std::to_string(patience.count()) + " ms after the end was asked for; ending without it, " +
                     (in_hand > 0 ? count(in_hand, "message") + " in hand: delivered again" : "what it has in hand is delivered again") +
                     (left > 0 ? "; " + unconfirmed(left) : ""));
      std::_Exit(static_cast<int>(ExitCode::still_running));
    }
    if (failure && !farewell.asked) farewell.asked = system_clock().monotonic();
  }
  control.reset();
  http.reset();
  engines.clear();
  const std::size_t left = bid_farewell(connections.emitters(), farewell);
  connections.close_emitters();
  if (!failure && left == 0 && held == 0) {
    log::info("app", name + " ended");
    return ExitCode::done;
  }
  log::error("app", name + " failed" + (left > 0 ? ": " + unconfirmed(left) : "") +
                        (held > 0 ? ": it had nothing more to do, but " + count(held, "message") + " held for a person, not handled" : ""));
  return ExitCode::failed;
}

}  // namespace dispytch::app
