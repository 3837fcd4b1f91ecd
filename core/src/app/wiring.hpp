// From a checked config to opened backends, emitters and listeners.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/emitter.hpp>
#include <dispytch/handler.hpp>

#include "assemble/assemble.hpp"
#include "base/clock.hpp"
#include "border/adapter.hpp"
#include "border/library.hpp"
#include "config/config.hpp"
#include "config/load.hpp"
#include "emit/emitter_core.hpp"
#include "listen/engine.hpp"

namespace dispytch::app {

/// How long opening a backend, a producer or a consumer may take: missing topics and wrong credentials show within it.
inline constexpr std::chrono::milliseconds kOpenTimeout{15'000};

/// Opens backends once each, as they are first used. One thread.
class Backends {
 public:
  Backends(const config::Config& config, std::string application, std::string version)
      : Backends{config, std::move(application), std::move(version), nullptr, system_clock()} {}
  /// For tests: `plugin` stands behind all of them, with options only where the config names just this plugin, and has the clock.
  Backends(const config::Config& config, std::string application, std::string version, const border::Library* plugin, const Clock& clock)
      : config_{&config}, application_{std::move(application)}, version_{std::move(version)}, instead_{plugin}, clock_{&clock} {}

  /// Throws Exception: the plugin can't be loaded, its config is refused (as file:line:col), the broker can't be reached.
  const std::shared_ptr<border::Adapter>& open(const std::string& name);
  /// Returns the plugin's options of a producer or a consumer at a backend, as they are written in the config, if they are for that plugin.
  nlohmann::json options(const std::string& backend, const nlohmann::json& written) const;
  /// Those that are open, by name.
  const std::map<std::string, std::shared_ptr<border::Adapter>>& all() const noexcept { return adapters_; }

 private:
  const config::Config* config_;
  std::string application_;
  std::string version_;
  const border::Library* instead_;  // null: each backend's own
  const Clock* clock_;
  std::map<std::string, std::shared_ptr<border::Adapter>> adapters_;
};

/// What a test puts in place of the machine.
struct EmitterReplacements {
  emit::Pumping pumping = emit::Pumping::thread;
  const Clock* clock = &system_clock();
};

/// Opens an emitter of the config. Throws Exception.
std::shared_ptr<detail::EmitterCore> open_emitter(const config::Config& config, const std::string& name, Backends& backends,
                                                  std::vector<EmitMiddleware> middleware = {}, EmitterReplacements replacements = {});

/// What the config says of a listener. Its emitters are still to be opened.
assemble::ListenerSpec spec_of(const config::Config& config, const std::string& listener);

/// At most what a backend can do, as its plugin claims; the opened backend may be able to do less.
std::uint64_t claimed_capabilities(const config::Config& config, const std::string& backend);

/// Opens a listener of the config, by its name there. Throws Exception.
std::unique_ptr<listen::Engine> open_listener(const config::Config& config, assemble::CheckedListener listener, Backends& backends,
                                              assemble::Replacements replacements = {});

/// What the config pipeline asks of plugins, answered by loading them into this process.
config::LoadOptions load_options_of_this_process();

}  // namespace dispytch::app
