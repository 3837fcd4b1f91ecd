// A whole program: configuration, backends, emitters, listeners, tasks, signals, exit codes.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <dispytch/emitter.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/parameters.hpp>
#include <dispytch/settings.hpp>

namespace dispytch {

namespace app {
struct Access;
}

namespace detail {

template <class Arg>
Parameter describe_task_parameter() {
  using Plain = std::remove_cvref_t<Arg>;
  if constexpr (std::is_same_v<Plain, std::stop_token>) {
    return {ParameterKind::stop_token, typeid(Plain)};
  } else {
    static_assert(is_named<Plain> || std::is_lvalue_reference_v<Arg>,
                  "dispytch: a task takes std::stop_token, Named<...> and references to provided objects");
    return describe_provided_parameter<Arg>();
  }
}

/// A task with its types erased. `provided` by parameter, null where the parameter is the stop token.
struct Task {
  std::vector<Parameter> parameters;
  std::function<void(void* const* provided, std::stop_token stop)> run;
};

template <class F, class... Args>
Task make_task(F function) {
  return {{describe_task_parameter<Args>()...}, [function = std::move(function)](void* const* provided, std::stop_token stop) {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
              [[maybe_unused]] const auto argument = [&]<class Arg>(std::type_identity<Arg>, std::size_t index) -> decltype(auto) {
                using Plain = std::remove_cvref_t<Arg>;
                if constexpr (std::is_same_v<Plain, std::stop_token>) {
                  return std::stop_token{stop};
                } else {
                  return provided_argument<Arg>(provided[index]);
                }
              };
              std::invoke(function, argument(std::type_identity<Args>{}, I)...);
            }(std::index_sequence_for<Args...>{});
          }};
}

template <class F>
struct MakeTask {
  template <class... Args>
  struct Of {
    static Task make(F function) { return make_task<F, Args...>(std::move(function)); }
  };
  using type = typename Signature<F>::template parameters<Of>;
};

}  // namespace detail

/// Exit codes of every program over dispytch.
enum class ExitCode : int {
  done = 0,
  failed = 1,         ///< at run time: a handler, a task, a broker
  usage = 2,          ///< wrong usage, wiring or configuration; nothing was started
  still_running = 3,  ///< a handler still ran when the time to drain was over
};

/// A program that listens, emits, or both, wired by one config file.
///
/// Everything but main() and run() is called before them, by one thread. Mistakes in the wiring (a listener the config file doesn't
/// name, a parameter that nothing provides) are reported together, before anything is started. What is provided is one object for the whole
/// application, and must be thread-safe where several listeners and tasks use it.
class App : public ProvidesObjects<App> {
 public:
  explicit App(std::string name, std::string version = {});
  App(App&&) noexcept;
  App& operator=(App&&) noexcept;
  ~App();

  /// Provides the application's own section of the config file, `application:`, as a T that DISPYTCH_SETTINGS described: to handlers, tasks
  /// and factories that take a `const T&`. It holds what the struct says until the file is read, at the start. Once.
  template <class T>
  T& settings() {
    static_assert(detail::DescribedSettings<T>, "dispytch: settings<T>() needs a struct described by DISPYTCH_SETTINGS");
    T& object = provide<T>();
    read_settings_into(detail::SettingsOf<T>::value, &object);
    return object;
  }

  /// Handles what the config file's listener of that name receives. Several calls with one name add up.
  App& listen(std::string listener, HandlerGroup group);

  /// Puts a middleware around every emit of the application: of tasks, of handlers, of Context::emit. The first is the outermost.
  App& use_for_emits(EmitMiddleware middleware);
  /// Around those of one emitter of the config file, inside of those of all.
  App& use_for_emits(std::string emitter, EmitMiddleware middleware);

  /// Runs a function on a thread of its own once everything is connected. It takes Named<"flights", EventEmitter> (an emitter of the
  /// config file), EventEmitter& where there is only one, std::stop_token, and references to provided objects. An App without listeners
  /// ends when its tasks have returned and its emitters are flushed. An exception ends the application with ExitCode::failed.
  template <class F>
  App& task(F function) {
    return task({}, std::move(function));
  }
  /// Adds a task under a name, which logs and errors show; without one it is "task 1", by its number.
  template <class F>
  App& task(std::string name, F function) {
    static_assert(detail::PlainCallable<F>, "dispytch: a task is a function or a lambda with named parameter types");
    return add_task(std::move(name), detail::MakeTask<F>::type::make(std::move(function)));
  }

  /// A command-line option of the application itself, e.g. option("--input", "FILE of flights", input). `value` holds the default and
  /// must outlive main(). For std::string, int, double and bool (a flag).
  App& option(std::string name, std::string help, std::string& value);
  App& option(std::string name, std::string help, int& value);
  App& option(std::string name, std::string help, double& value);
  App& option(std::string name, std::string help, bool& value);

  /// The program: --config FILE, --check, --version, --until-idle DURATION, then run(). The first SIGINT or SIGTERM drains, the second
  /// ends the process at once. Returns the exit code. Call it before other threads are started: signals are blocked in them.
  int main(int argc, char** argv);

  /// Where the program has its own main loop and signals: the config file to use, then run().
  App& config(std::string file);
  /// Connects, runs until the token asks to stop (or the tasks of an App without listeners have returned), drains and disconnects.
  /// Blocks; touches no signal. Returns the exit code; where a handler outlives the time to drain the process exits with 3 at once.
  int run(std::stop_token stop);

 private:
  struct State;
  friend struct app::Access;
  friend ProvidesObjects<App>;
  void read_settings_into(const detail::SettingsTable& table, void* object);
  int run_to_the_end(const std::stop_token& stop);
  Providers& providers() noexcept;
  App& add_task(std::string name, detail::Task task);
  std::unique_ptr<State> state_;
};

}  // namespace dispytch
