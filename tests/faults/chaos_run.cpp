#include "faults/chaos_run.hpp"

#include <signal.h>

#include <exception>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace dispytch::faults {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr seconds kRecovery{60};  // for the group to handle something again after a fault

}  // namespace

int ChaosRun::run() {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{options_.minutes * 60});
  const Faults all = faults();
  for (std::size_t i = 0; i < services_.boards; ++i) start_board();
  start_feed();
  go_on();
  while (Clock::now() < end) {
    const auto& [name, fault] = all[draw(all.size())];
    std::cerr << name << std::endl;
    fault();
    ++times_[name];
    go_on();
    scene_.take_marks();
  }
  std::cerr << "the end" << std::endl;
  mend();
  return report(scene_.finish());
}

void ChaosRun::last(milliseconds least, milliseconds most) {
  const auto until = Clock::now() + least + milliseconds{draw(static_cast<std::size_t>((most - least).count()) + 1)};
  while (Clock::now() < until) {
    if (interrupted) throw Interrupted{};
    std::this_thread::sleep_for(milliseconds{5});
  }
}

void ChaosRun::go_on() {
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

void ChaosRun::supervise() {
  for (const auto& [run, code] : scene_.take_ended()) {
    std::cerr << run << " ended with " << code << std::endl;
    if (is_crash(code)) ++crashes_;
    if (run.starts_with("board")) {
      start_board();
    } else {
      start_feed();
    }
  }
}

// At any point of what it was doing.
void ChaosRun::worker_killed() {
  last(milliseconds{0}, milliseconds{50});
  scene_.kill(any_of(scene_.boards()));
  start_board();
}

void ChaosRun::worker_leaves_and_another_joins() {
  scene_.stop(any_of(scene_.boards()));
  last(seconds{0}, seconds{2});
  start_board();
}

void ChaosRun::worker_stopped(milliseconds least, milliseconds most) {
  const std::string run = any_of(scene_.boards());
  scene_.signal(run, SIGSTOP);
  last(least, most);
  scene_.signal(run, SIGCONT);
}

void ChaosRun::feed_killed() {
  last(milliseconds{0}, milliseconds{50});
  scene_.kill(any_of(scene_.feeds()));
  start_feed();
}

int ChaosRun::report(const Verdict& verdict) {
  const nlohmann::ordered_json line{{"broker", services_.broker},
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
  const bool hurt = !times_.empty();
  if (!verdict.clean()) std::cerr << verdict.text() << std::endl;
  if (!hurt) std::cerr << "no fault happened; give it more minutes" << std::endl;
  std::cout << line.dump() << std::endl;
  return verdict.clean() && hurt && crashes_ == 0 ? 0 : 1;
}

int chaos_main(int argc, char** argv, const char* what, int rate,
               const std::function<std::unique_ptr<ChaosRun>(const ChaosOptions&)>& make) {
  ChaosOptions options{.rate = rate};
  CLI::App arguments{what};
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
    return make(options)->run();
  } catch (const Interrupted&) {
    std::cerr << "interrupted" << std::endl;
    return 130;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}

}  // namespace dispytch::faults
