// What the chaos of each broker has in common: faults at random, and after each a wait until events pass again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "faults/oracle.hpp"
#include "faults/scene.hpp"

namespace dispytch::faults {

struct ChaosOptions {
  double minutes = 1;
  std::uint64_t seed = 1;
  int rate = 400;  ///< events in a second
};

/// One run: a feed and a group that handles what it emits, on a scene of the derived class.
class ChaosRun {
 public:
  virtual ~ChaosRun() = default;
  ChaosRun(const ChaosRun&) = delete;
  ChaosRun& operator=(const ChaosRun&) = delete;

  /// Makes faults until the time is over, and reports. Returns the exit code. Throws Interrupted.
  int run();

 protected:
  using Faults = std::vector<std::pair<std::string, std::function<void()>>>;
  struct Services {
    std::string broker = {};
    std::size_t boards = 2;
    BoardOptions board = {};
    FeedOptions feed = {};
  };
  /// `scene` is a member of the derived class: it is touched by run() only.
  ChaosRun(const ChaosOptions& options, Services services, Scene& scene)
      : options_{options}, services_{std::move(services)}, scene_{scene}, lots_{options.seed} {}

  /// Returns what may happen, by name.
  virtual Faults faults() = 0;
  /// Whether a service that ended by itself with that code is a defect.
  virtual bool is_crash(int exit_code) const = 0;
  /// Makes good what the faults have left, before what happened is judged.
  virtual void mend() {}

  std::size_t draw(std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(lots_); }
  std::string any_of(const std::vector<std::string>& runs) { return runs[draw(runs.size())]; }
  /// The fault lasts so long; the length is part of it. Throws Interrupted.
  void last(std::chrono::milliseconds least, std::chrono::milliseconds most);
  /// Waits until events pass again, all the way: the next fault then meets a system that works. Starts again what has ended by itself.
  void go_on();
  void start_board() { scene_.start_board(services_.board, false); }
  void start_feed() { scene_.start_feed(services_.feed); }

  // Faults of the processes, which every broker meets.
  void worker_killed();
  void worker_leaves_and_another_joins();
  void worker_stopped(std::chrono::milliseconds least, std::chrono::milliseconds most);
  void feed_killed();

 private:
  void supervise();
  int report(const Verdict& verdict);

  const ChaosOptions options_;
  const Services services_;
  Scene& scene_;
  std::mt19937_64 lots_;
  std::map<std::string, int> times_ = {};
  int crashes_ = 0;
};

/// The program: reads the command line, whose rate is `rate` unless it says another, and runs what `make` returns. Returns the exit code.
int chaos_main(int argc, char** argv, const char* what, int rate,
               const std::function<std::unique_ptr<ChaosRun>(const ChaosOptions&)>& make);

}  // namespace dispytch::faults
