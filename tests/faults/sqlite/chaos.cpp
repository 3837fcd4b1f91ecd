// `./dev chaos --broker sqlite`: the flights feed and a group that handles it, over one file, killed, stopped, started and locked out at
// random.
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "faults/sqlite/file_stage.hpp"

namespace dispytch::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBoards = 2;
constexpr seconds kRecovery{60};  // for the group to handle something again after a fault

struct Options {
  double minutes = 1;
  std::uint64_t seed = 1;
  int rate = 1000;
};

class FileChaos {
 public:
  explicit FileChaos(const Options& options) : options_{options}, lots_{options.seed} {}

  int run() {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{options_.minutes * 60});
    for (std::size_t i = 0; i < kBoards; ++i) start_board();
    scene_.start_feed(feed());
    go_on();
    while (Clock::now() < end) {
      const auto& [name, fault] = faults_[draw(faults_.size())];
      std::cerr << name << std::endl;
      fault();
      ++times_[name];
      go_on();
      scene_.take_marks();
    }
    std::cerr << "the end" << std::endl;
    return report(scene_.finish());
  }

 private:
  FeedOptions feed() const { return {.rate = options_.rate, .aircraft = 200}; }
  void start_board() { scene_.start_board({.work = 300, .failing = 10}, false); }
  std::size_t draw(std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(lots_); }
  std::string any_of(const std::vector<std::string>& runs) { return runs[draw(runs.size())]; }

  // The fault lasts so long; the length is part of it.
  void last(milliseconds least, milliseconds most) {
    const auto until = Clock::now() + least + milliseconds{draw(static_cast<std::size_t>((most - least).count()) + 1)};
    while (Clock::now() < until) {
      if (interrupted) throw Interrupted{};
      std::this_thread::sleep_for(milliseconds{5});
    }
  }
  // Until events pass again, all the way: the next fault then meets a system that works.
  void go_on() {
    const std::size_t confirmed = scene_.confirmed(), handled = scene_.handled();
    const auto passed = [&] {
      supervise();
      return scene_.confirmed() > confirmed + 50 && scene_.handled() > handled + 50;
    };
    await("events are confirmed and handled again", passed, kRecovery);
  }
  // Nothing here is a reason to give up: a service that ends by itself is a defect.
  void supervise() {
    for (const auto& [run, code] : scene_.take_ended()) {
      std::cerr << run << " ended with " << code << std::endl;
      ++crashes_;
      if (run.starts_with("board")) {
        start_board();
      } else {
        scene_.start_feed(feed());
      }
    }
  }

  // At once again, so that what it had in hand is at any point of any transaction.
  void worker_killed() {
    last(milliseconds{0}, milliseconds{50});
    scene_.kill(any_of(scene_.boards()));
    start_board();
  }
  void all_workers_killed() {
    for (const std::string& run : scene_.boards()) scene_.kill(run);
    for (std::size_t i = 0; i < kBoards; ++i) start_board();
  }
  void worker_leaves_and_another_joins() {
    scene_.stop(any_of(scene_.boards()));
    last(seconds{0}, seconds{2});
    start_board();
  }
  void worker_stopped() {
    const std::string run = any_of(scene_.boards());
    scene_.signal(run, SIGSTOP);
    last(milliseconds{100}, seconds{6});  // the group's patience ends after 2 s
    scene_.signal(run, SIGCONT);
  }
  void feed_killed() {
    last(milliseconds{0}, milliseconds{50});
    scene_.kill(any_of(scene_.feeds()));
    scene_.start_feed(feed());
  }
  // It may hold the lock at that moment: then nobody writes.
  void feed_stopped() {
    const std::string run = any_of(scene_.feeds());
    scene_.signal(run, SIGSTOP);
    last(milliseconds{100}, seconds{4});
    scene_.signal(run, SIGCONT);
  }
  void file_locked() {
    const FileStage::Lock lock{stage_->file()};
    last(milliseconds{100}, seconds{4});
  }
  void bell_deleted() { std::filesystem::remove(stage_->file().string() + "-bell"); }

  int report(const Verdict& verdict) {
    nlohmann::ordered_json line{{"broker", "sqlite"},
                                {"emitted", verdict.emitted},
                                {"confirmed", verdict.confirmed},
                                {"refused", verdict.refused},
                                {"unknown", verdict.unknown},
                                {"handled", verdict.handled},
                                {"lost", verdict.lost},
                                {"duplicates_explained", verdict.duplicates_explained},
                                {"duplicates_unexplained", verdict.duplicates_unexplained},
                                {"stored_twice", verdict.stored_twice},
                                {"order_violations", verdict.order_violations},
                                {"mark_violations", verdict.mark_violations},
                                {"wrong_answers", verdict.wrong_answers},
                                {"crashes", crashes_},
                                {"seed", options_.seed},
                                {"faults", times_}};
    if (!verdict.clean()) std::cerr << verdict.text() << std::endl;
    if (times_.empty()) std::cerr << "no fault happened; give it more minutes" << std::endl;
    std::cout << line.dump() << std::endl;
    return verdict.clean() && !times_.empty() && crashes_ == 0 ? 0 : 1;
  }

  const Options options_;
  std::mt19937_64 lots_;
  FileStage* const stage_ = new FileStage{"session_timeout: 2s, rebalance_timeout: 10s, "};
  Scene scene_{std::unique_ptr<Stage>{stage_},
               {.partitions = 6, .emitter = "timeout: 60s, ", .listener = "ordering: key, concurrency: 4, "}};
  std::map<std::string, int> times_ = {};
  int crashes_ = 0;
  const std::vector<std::pair<std::string, std::function<void()>>> faults_{
      {"worker_killed", [this] { worker_killed(); }},
      {"all_workers_killed", [this] { all_workers_killed(); }},
      {"worker_left", [this] { worker_leaves_and_another_joins(); }},
      {"worker_stopped", [this] { worker_stopped(); }},
      {"feed_killed", [this] { feed_killed(); }},
      {"feed_stopped", [this] { feed_stopped(); }},
      {"file_locked", [this] { file_locked(); }},
      {"bell_deleted", [this] { bell_deleted(); }},
  };
};

int main(int argc, char** argv) {
  Options options;
  CLI::App arguments{"Hurts the processes that share a file at random, and counts what comes of it."};
  arguments.add_option("--minutes", options.minutes, "How long faults are made")->check(CLI::Range(0.1, 1440.0))->capture_default_str();
  arguments.add_option("--seed", options.seed, "What chooses the faults")->capture_default_str();
  arguments.add_option("--rate", options.rate, "Events in a second")->check(CLI::Range(1, 100'000))->capture_default_str();
  try {
    arguments.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return arguments.exit(error) == 0 ? 0 : 2;
  }
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
  try {
    return FileChaos{options}.run();
  } catch (const Interrupted&) {
    std::cerr << "interrupted" << std::endl;
    return 130;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}

}  // namespace
}  // namespace dispytch::faults

int main(int argc, char** argv) { return dispytch::faults::main(argc, argv); }
