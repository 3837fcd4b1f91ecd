// From a checked config to opened backends, emitters and listeners.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/emitter.hpp>
#include <dispytch/handler.hpp>

#include "border/adapter.hpp"
#include "config/config.hpp"
#include "config/load.hpp"
#include "emit/emitter_core.hpp"
#include "listen/engine.hpp"

namespace dispytch::app {

/// How long opening a backend, a producer or a consumer may take: missing topics and wrong credentials show within it.
inline constexpr std::chrono::milliseconds kOpenTimeout{15'000};

/// What an application wants of the config file.
struct Wants {
  std::vector<std::string> emitters = {};                           ///< by name
  std::map<std::string, std::vector<HandlerGroup>> listeners = {};  ///< by name
};

/// Opens backends once each, as they are first used. One thread.
class Backends {
 public:
  Backends(const config::Config& config, std::string application, std::string version)
      : config_{&config}, application_{std::move(application)}, version_{std::move(version)} {}

  /// Throws Exception: the plugin can't be loaded, its config is refused (as file:line:col), the broker can't be reached.
  const std::shared_ptr<border::Adapter>& open(const std::string& name);
  /// Those that are open, by name.
  const std::map<std::string, std::shared_ptr<border::Adapter>>& all() const noexcept { return adapters_; }

 private:
  const config::Config* config_;
  std::string application_;
  std::string version_;
  std::map<std::string, std::shared_ptr<border::Adapter>> adapters_;
};

/// Opens an emitter of the config. Throws Exception.
std::shared_ptr<detail::EmitterCore> open_emitter(const config::Config& config, const std::string& name, Backends& backends,
                                                  std::vector<EmitMiddleware> middleware = {});

/// The router of a listener's handlers, all of its mistakes as sentences in `problems`.
route::Router make_router(const config::Config& config, const std::string& listener, const std::vector<HandlerGroup>& groups,
                          const Providers& providers, std::vector<std::string>& problems);

/// What a listener's handlers emit through, and its dead letters. Null: nothing.
struct ListenerEmitters {
  std::shared_ptr<detail::EmitterCore> own = {};
  std::shared_ptr<detail::EmitterCore> dead_letters = {};
};

/// Opens a listener of the config. Throws Exception.
std::unique_ptr<listen::Engine> open_listener(const config::Config& config, const std::string& name, route::Router router,
                                              Backends& backends, const ListenerEmitters& emitters);

/// What the config pipeline asks of plugins, answered by loading them into this process.
config::LoadOptions load_options_of_this_process();

}  // namespace dispytch::app
