// An application from its opening to its end.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include <dispytch/app.hpp>

#include "app/connections.hpp"
#include "app/wiring.hpp"
#include "config/config.hpp"
#include "operate/service_manager.hpp"

namespace dispytch::app {

struct ServeOptions {
  std::optional<std::chrono::milliseconds> until_idle = {};  ///< end once nothing has come for so long
  std::function<bool()> interrupted = {};                    ///< whether the end was asked for while things are being opened
  std::function<void()> started = {};                        ///< called before listeners and tasks run
  std::function<void()> leaving = {};                        ///< called once nothing is in hand any more, while things are being closed
  operate::ServiceManager::Environment service_manager = {};
};

/// Opens what was checked, runs listeners and tasks until the token asks to stop or all is over; drains and closes. Blocks.
/// Throws Exception where something can't be opened. Where a handler outlives the time to drain the process exits at once.
ExitCode serve(const Application& application, const config::Config& config, Connections& connections, const ServeOptions& options,
               const std::stop_token& stop);

}  // namespace dispytch::app
