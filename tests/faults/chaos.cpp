// `./dev chaos`: the flights feed and a group that handles it, on three brokers and a network that are hurt at random.
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "faults/cluster.hpp"
#include "faults/scene.hpp"
#include "support/proxy.hpp"

namespace dispytch::faults {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBoards = 3;
constexpr seconds kRecovery{60};  // for the group to handle something again after a fault

struct Options {
  double minutes = 1;
  std::uint64_t seed = 1;
  int rate = 400;
};

class Chaos {
 public:
  explicit Chaos(const Options& options) : options_{options}, lots_{options.seed} {}

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
    proxy_.set({});
    cluster_.mend();
    return report(scene_.finish());
  }

 private:
  FeedOptions feed() const { return {.rate = options_.rate, .aircraft = 0}; }
  void start_board() { scene_.start_board({.work = 1000, .failing = 10}, false); }

  std::size_t draw(std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(lots_); }
  int any_node() { return static_cast<int>(draw(Cluster::kNodes)) + 1; }
  std::string any_of(const std::vector<std::string>& runs) { return runs[draw(runs.size())]; }

  // The fault lasts so long; the length is part of it.
  void last(seconds least, seconds most) {
    const auto until = Clock::now() + least + std::chrono::milliseconds{draw(static_cast<std::size_t>((most - least).count()) * 1000 + 1)};
    while (Clock::now() < until) {
      if (interrupted) throw Interrupted{};
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }

  // Until events pass again, all the way: the next fault then meets a system that works.
  void go_on() {
    for (const std::string& what : {std::string{"confirmed"}, std::string{"handled"}}) {
      const auto count = [&] { return what == "handled" ? scene_.handled() : scene_.confirmed(); };
      const std::size_t before = count();
      const auto passed = [&] {
        supervise();
        return count() > before + 50;
      };
      await("events are " + what + " again", passed, kRecovery);
    }
  }

  // A service that gives up, with exit code 1, is started again, as by whatever runs it. One that a signal ended is a defect.
  void supervise() {
    for (const auto& [run, code] : scene_.take_ended()) {
      std::cerr << run << " ended with " << code << std::endl;
      if (code > 128) ++crashes_;
      if (run.starts_with("board")) {
        start_board();
      } else {
        scene_.start_feed(feed());
      }
    }
  }

  void worker_killed() {
    scene_.kill(any_of(scene_.boards()));
    start_board();
  }
  void worker_leaves_and_another_joins() {
    const std::string run = any_of(scene_.boards());
    scene_.stop(run);
    last(seconds{0}, seconds{2});
    start_board();
  }
  void worker_frozen() {
    const std::string run = any_of(scene_.boards());
    scene_.signal(run, SIGSTOP);
    last(seconds{1}, seconds{12});  // the group's patience ends after 10 s
    scene_.signal(run, SIGCONT);
  }
  void feed_killed() {
    scene_.kill(any_of(scene_.feeds()));
    scene_.start_feed(feed());
  }
  void broker_killed() {
    const int node = any_node();
    cluster_.kill(node);
    go_on();
    cluster_.restart(node);
    cluster_.mend();
  }
  void broker_ended() {
    const int node = any_node();
    cluster_.end(node);
    go_on();
    cluster_.restart(node);
    cluster_.mend();
  }
  void broker_frozen() {
    const int node = any_node();
    cluster_.freeze(node);
    last(seconds{2}, seconds{10});
    cluster_.thaw(node);
    cluster_.mend();
  }
  void disk_full() {
    const int node = any_node();
    cluster_.fill_disk(node);
    cluster_.await_death(node);
    go_on();
    cluster_.restart(node);
    cluster_.mend();
  }
  void connections_cut() { proxy_.cut(); }
  void under(const Weather& weather, seconds least, seconds most) {
    const std::size_t node = draw(Cluster::kNodes + 1);  // one of them, or all
    proxy_.set(weather, node == Cluster::kNodes ? std::nullopt : std::optional{node});
    last(least, most);
    proxy_.set({});
  }

  int report(const Verdict& verdict) {
    const bool hurt = !times_.empty();
    nlohmann::ordered_json line{{"emitted", verdict.emitted},
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
    if (!hurt) std::cerr << "no fault happened; give it more minutes" << std::endl;
    std::cout << line.dump() << std::endl;
    return verdict.clean() && hurt && crashes_ == 0 ? 0 : 1;
  }

  const Options options_;
  std::mt19937_64 lots_;
  Cluster cluster_;
  Proxy proxy_{cluster_.routes()};
  Scene scene_{cluster_,
               {.proxied = true,
                .backend = "reconnect.backoff.max.ms: 500ms, ",
                .emitter = "timeout: 60s, ",
                .listener = "ordering: key, concurrency: 4, "}};
  std::map<std::string, int> times_ = {};
  int crashes_ = 0;
  const std::vector<std::pair<std::string, std::function<void()>>> faults_{
      {"worker_killed", [this] { worker_killed(); }},
      {"worker_left", [this] { worker_leaves_and_another_joins(); }},
      {"worker_frozen", [this] { worker_frozen(); }},
      {"feed_killed", [this] { feed_killed(); }},
      {"broker_killed", [this] { broker_killed(); }},
      {"broker_ended", [this] { broker_ended(); }},
      {"broker_frozen", [this] { broker_frozen(); }},
      {"disk_full", [this] { disk_full(); }},
      {"connections_cut", [this] { connections_cut(); }},
      {"connections_refused", [this] { under({.refuse = true}, seconds{1}, seconds{4}); }},
      {"connections_held", [this] { under({.hold = true}, seconds{1}, seconds{8}); }},
      {"connections_slow", [this] { under({.delay = std::chrono::milliseconds{100}}, seconds{2}, seconds{6}); }},
      {"answers_lost", [this] { under({.drop_answers = true}, seconds{1}, seconds{4}); }},
  };
};

int main(int argc, char** argv) {
  Options options;
  CLI::App arguments{"Hurts three brokers, a network and the processes of a service at random, and counts what comes of it."};
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
    return Chaos{options}.run();
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
