#include <dispytch/app.hpp>

#include <iostream>
#include <optional>
#include <utility>

#include "app/ask_plugin.hpp"
#include "app/serve.hpp"
#include "app/state.hpp"
#include "app/wiring.hpp"
#include "base/log.hpp"
#include "text/escape.hpp"

namespace dispytch {
namespace {

int code(ExitCode exit_code) { return static_cast<int>(exit_code); }

config::Config load(const app::CommandLine& line, const app::Application& application) {
  if (line.config.empty()) throw Exception{ErrorCode::config, "no config file was given: use --config FILE, or App::config(file)"};
  config::LoadOptions load_options = app::load_options_of_this_process();
  load_options.judge = app::ask_plugin;
  load_options.application = app::settings_schema(application);
  return config::load_or_throw(line.config, load_options);
}

}  // namespace

App::App(std::string name, std::string version) : state_{std::make_unique<State>()} {
  state_->application.name = std::move(name);
  state_->application.version = std::move(version);
}
App::App(App&&) noexcept = default;
App& App::operator=(App&&) noexcept = default;
App::~App() = default;

Providers& App::providers() noexcept { return state_->application.providers; }

App& App::listen(std::string listener, HandlerGroup group) {
  state_->application.listeners[std::move(listener)].push_back(std::move(group));
  return *this;
}

App& App::use_for_emits(EmitMiddleware middleware) {
  state_->application.emit_middleware.push_back(std::move(middleware));
  return *this;
}

App& App::use_for_emits(std::string emitter, EmitMiddleware middleware) {
  state_->application.middleware_of_emitter[std::move(emitter)].push_back(std::move(middleware));
  return *this;
}

void App::read_settings_into(const detail::SettingsTable& table, void* object) {
  app::Settings& settings = state_->application.settings;
  if (settings.table != nullptr) {
    throw Exception{ErrorCode::invalid, "App::settings<" + std::string{table.name} + ">: the section is read into a " +
                                            std::string{settings.table->name} + " already; make one struct of both"};
  }
  settings = {.table = &table, .object = object};
}

App& App::add_task(std::string name, detail::Task task) {
  auto& tasks = state_->application.tasks;
  const std::string who = name.empty() ? std::to_string(tasks.size() + 1) : "`" + name + "`";
  tasks.push_back({"task " + who, std::move(task)});
  return *this;
}

App& App::option(std::string name, std::string help, std::string& value) {
  state_->options.push_back({std::move(name), std::move(help), &value});
  return *this;
}
App& App::option(std::string name, std::string help, int& value) {
  state_->options.push_back({std::move(name), std::move(help), &value});
  return *this;
}
App& App::option(std::string name, std::string help, double& value) {
  state_->options.push_back({std::move(name), std::move(help), &value});
  return *this;
}
App& App::option(std::string name, std::string help, bool& value) {
  state_->options.push_back({std::move(name), std::move(help), &value});
  return *this;
}

App& App::config(std::string file) {
  state_->line.config = std::move(file);
  return *this;
}

int App::main(int argc, char** argv) {
  const app::Parsed parsed = app::parse_command_line(argc, argv, state_->application.name, state_->application.version, state_->options,
                                                     !state_->application.listeners.empty(), state_->line.config);
  if (parsed.exit_code) return *parsed.exit_code;
  state_->line = parsed.line;
  app::Signals signals;
  state_->signals = &signals;
  const int exit_code = run(signals.token());
  state_->signals = nullptr;
  return exit_code;
}

int App::run(std::stop_token stop) {
  state_->service_manager = operate::ServiceManager::environment_of_this_process();
  if (state_->signals != nullptr) state_->starting.emplace(*state_->signals, code(ExitCode::failed));
  const int exit_code = run_to_the_end(stop);
  state_->starting.reset();
  state_->leaving.reset();
  return exit_code;
}

int App::run_to_the_end(const std::stop_token& stop) {
  std::optional<config::Config> config;
  std::optional<app::Connections> connections;
  try {
    config.emplace(load(state_->line, state_->application));
    log::configure(config->logging.level, config->logging.format);
    connections.emplace(state_->application, *config);
    connections->check();
    if (state_->line.check) {
      std::cout << text::printable(config->file.string()) << ": no mistakes found\n";
      return code(ExitCode::done);
    }
    const app::ServeOptions options{.until_idle = state_->line.until_idle,
                                    .interrupted = [&] { return state_->interrupted(stop); },
                                    .started = [&] { state_->starting.reset(); },
                                    .leaving =
                                        [&] {
                                          if (state_->signals != nullptr) state_->leaving.emplace(*state_->signals, code(ExitCode::done));
                                        },
                                    .service_manager = state_->service_manager};
    return code(app::serve(state_->application, *config, *connections, options, stop));
  } catch (const Exception& exception) {
    if (connections) connections->listeners().clear();
    if (state_->interrupted(stop)) {
      if (connections) connections->close_emitters();
      log::error("app", "interrupted before the start was complete; nothing was in hand");
      return code(ExitCode::failed);
    }
    const std::string text = text::printable(exception.what(), text::Layout::lines);
    std::cerr << text << (text.ends_with('\n') ? "" : "\n");
    const bool wrong_setup = exception.error().code == ErrorCode::config || exception.error().code == ErrorCode::invalid;
    return code(wrong_setup ? ExitCode::usage : ExitCode::failed);
  }
}

}  // namespace dispytch
