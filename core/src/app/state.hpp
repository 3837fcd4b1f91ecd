// What stands behind an App.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <dispytch/app.hpp>

#include "app/command_line.hpp"
#include "app/connections.hpp"
#include "app/signals.hpp"
#include "operate/service_manager.hpp"

namespace dispytch {

struct App::State {
  app::Application application = {};
  std::vector<app::ExtraOption> options = {};
  app::CommandLine line = {};
  operate::ServiceManager::Environment service_manager = {};
  app::Signals* signals = nullptr;                       // of main(); null: somebody else asks for the end
  std::optional<app::Signals::PromptEnd> starting = {};  // until listeners and tasks run
  std::optional<app::Signals::PromptEnd> leaving = {};   // from when nothing is in hand any more

  // Returns whether a signal came while the application was still starting.
  bool interrupted(const std::stop_token& stop) const { return starting && stop.stop_requested(); }
};

namespace app {

/// How the test harness reaches what stands behind an App.
struct Access {
  static App::State& state(App& app) noexcept { return *app.state_; }
};

}  // namespace app
}  // namespace dispytch
