// The running application, as `status` and `skip` reach it: through the socket that its config file names.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace CLI {
class App;
}

namespace dispytch::cli {

struct ControlOptions {
  std::string config = {};
  std::string socket = {};
};

/// Adds `--config FILE` and `--socket PATH`, of which one must be given. `options` outlives the parsing.
void add_control_options(CLI::App& command, ControlOptions& options);

/// The application's answer. Throws UsageError where neither option leads to a socket, Exception where nobody answers there, or where the
/// application refuses.
nlohmann::ordered_json ask_application(const ControlOptions& options, const nlohmann::ordered_json& request);

}  // namespace dispytch::cli
