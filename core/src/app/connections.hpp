// What an application asks of a config file: checked as a whole, then opened.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <dispytch/app.hpp>
#include <dispytch/emitter.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/parameters.hpp>

#include "app/wiring.hpp"
#include "assemble/assemble.hpp"
#include "config/config.hpp"
#include "emit/emitter_core.hpp"
#include "listen/engine.hpp"

namespace dispytch::app {

struct NamedTask {
  std::string name;  ///< for logs and mistakes
  detail::Task task;
};

/// The application's own section of the config file, and where it goes.
struct Settings {
  const detail::SettingsTable* table = nullptr;  ///< null: the application has none
  void* object = nullptr;                        ///< among the provided objects
};

/// What an application has said of itself before it runs.
struct Application {
  std::string name = {};
  std::string version = {};
  Providers providers = {};
  std::map<std::string, std::vector<HandlerGroup>> listeners = {};  ///< by name in the config file
  std::vector<NamedTask> tasks = {};
  Settings settings = {};
  /// Emitters that handlers and tasks ask for, among the provided objects, by names of the config file; empty while none are open. They
  /// stay for the next run.
  std::map<std::string, EventEmitter*> slots = {};
  std::vector<EmitMiddleware> emit_middleware = {};                               ///< of all emitters
  std::map<std::string, std::vector<EmitMiddleware>> middleware_of_emitter = {};  ///< by name in the config file
};

/// The schema of the application's own section, for config::LoadOptions::application.
std::optional<nlohmann::json> settings_schema(const Application& application);

/// What a test puts in place of the machine, and what is asked between two things that are opened. All of it may be left out.
struct Opening {
  EmitterReplacements emitters = {};
  std::function<assemble::Replacements(const std::string& listener)> listeners = {};
  std::function<void()> between = {};  ///< throws to end the opening
};

/// The emitters and listeners of an application. One thread; both arguments outlive it.
class Connections {
 public:
  /// The application's settings are read from the config.
  Connections(Application& application, const config::Config& config);

  /// Finds every mistake of the wiring. Emitters that handlers and tasks ask for stand among the provided objects from then on, empty until
  /// they are opened. Throws Exception (ErrorCode::config) with all mistakes, a line each and their number.
  /// `capabilities`: the most that a backend of the config can do; empty: what its plugin claims.
  void check(const std::function<std::uint64_t(const std::string& backend)>& capabilities = {});
  /// Opens the emitters that are asked for, has the provided objects made that factories make, and opens the listeners. Blocks. Throws
  /// Exception. After check().
  void open(Backends& backends, const Opening& opening);
  /// Lets go of all emitters: those that stand among the provided objects are empty again. After the listeners are gone.
  void close_emitters();

  /// The listeners of the application, by their names: from open() on, until they are taken away.
  std::vector<std::unique_ptr<listen::Engine>>& listeners() noexcept { return engines_; }
  /// Returns all emitters that are open, by their names.
  const std::map<std::string, std::shared_ptr<detail::EmitterCore>>& emitters() const noexcept { return cores_; }
  std::size_t listeners_asked_for() const noexcept { return application_.listeners.size(); }

 private:
  // By names of the config file; empty: none.
  struct EmitterNames {
    std::string own = {};
    std::string dead_letters = {};
  };

  void want_emitters(const std::vector<detail::Parameter>& parameters);
  void want_emitter(const std::string& of_config, const std::string& as);
  EmitterNames emitters_of(const std::string& listener);
  const std::shared_ptr<detail::EmitterCore>& open_emitter(const std::string& emitter, Backends& backends, const Opening& opening);
  // A mistake that has no place in the file.
  void problem(const std::string& text) { problems_.push_back(config_.file.string() + ": " + text); }

  Application& application_;
  const config::Config& config_;
  std::vector<std::string> problems_ = {};
  std::vector<assemble::CheckedListener> checked_ = {};
  std::map<std::string, EmitterNames> listener_emitters_ = {};
  std::map<std::string, std::shared_ptr<detail::EmitterCore>> cores_ = {};
  std::vector<std::unique_ptr<listen::Engine>> engines_ = {};
};

}  // namespace dispytch::app
