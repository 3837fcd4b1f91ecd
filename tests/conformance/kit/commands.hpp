// The shell commands of the kit's config.
#pragma once

#include <string>

#include "kit/scene.hpp"

namespace dispytch::conformance {

/// Runs it and returns what it prints. Throws Failure, naming the key, where it ends with another exit code than 0.
std::string run_command(const char* key, const std::string& command);

/// The broker, killed for as long as this lives, or until start().
class Stopped {
 public:
  explicit Stopped(Scene& scene) : scene_{scene} { run_command("commands: stop", scene.options.commands.stop); }
  ~Stopped();
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  void start();

 private:
  Scene& scene_;
  bool stopped_ = true;
};

/// The broker, stopped without an end of its connections for as long as this lives, or until thaw().
class Frozen {
 public:
  explicit Frozen(Scene& scene) : scene_{scene} { run_command("commands: freeze", scene.options.commands.freeze); }
  ~Frozen();
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  void thaw();

 private:
  Scene& scene_;
  bool frozen_ = true;
};

}  // namespace dispytch::conformance
