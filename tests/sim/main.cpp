// dispytch_sim: runs the production engine through schedules of a simulated broker, and counts broken promises.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "sim/mutants.hpp"
#include "sim/schedule.hpp"
#include "sim/trace.hpp"

namespace dispytch::sim {
namespace {

struct Options {
  std::uint64_t schedules = 10'000;
  std::uint64_t seed = 1;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  bool list = false;
  bool mutants = false;
  std::string mutant = {};
  std::optional<std::uint64_t> trace = {};
};

struct Total {
  std::uint64_t schedules = 0;
  Verdict verdict = {};
  std::vector<std::pair<std::uint64_t, std::string>> failing = {};  // by seed
};

constexpr std::size_t kMostNamed = 20;

// Schedules seed, seed + 1, ...; ends early once one has failed, if that is wanted.
Total run(const Options& options, bool until_one_fails) {
  Total total;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> enough{false};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < options.threads; ++i) {
    threads.emplace_back([&] {
      while (!enough.load(std::memory_order_relaxed)) {
        const std::uint64_t number = next.fetch_add(1, std::memory_order_relaxed);
        if (number >= options.schedules) return;
        const std::uint64_t seed = options.seed + number;
        const Verdict verdict = run_schedule(seed);
        const std::lock_guard lock{mutex};
        ++total.schedules;
        if (verdict.good()) continue;
        total.verdict.lost += verdict.lost;
        total.verdict.order_violations += verdict.order_violations;
        total.verdict.mark_violations += verdict.mark_violations;
        total.verdict.unbounded += verdict.unbounded;
        total.verdict.stuck += verdict.stuck;
        total.failing.emplace_back(seed, verdict.first);
        if (until_one_fails) enough = true;
      }
    });
  }
  threads.clear();
  std::ranges::sort(total.failing);
  return total;
}

int run_schedules(const Options& options) {
  const Total total = run(options, false);
  nlohmann::ordered_json seeds = nlohmann::ordered_json::array();
  for (const auto& [seed, what] : total.failing) {
    if (seeds.size() == kMostNamed) break;
    seeds.push_back(seed);
    std::cerr << "seed " << seed << ": " << what << '\n';
  }
  if (!total.failing.empty()) std::cerr << "replay one: dispytch_sim --trace SEED\n";
  const nlohmann::ordered_json line{{"schedules", total.schedules},
                                    {"lost", total.verdict.lost},
                                    {"order_violations", total.verdict.order_violations},
                                    {"mark_violations", total.verdict.mark_violations},
                                    {"unbounded", total.verdict.unbounded},
                                    {"stuck", total.verdict.stuck},
                                    {"failing_seeds", std::move(seeds)}};
  std::cout << line.dump() << '\n';
  return total.failing.empty() ? 0 : 1;
}

// Every deliberate mistake must be found: else the simulator is blind to it.
int run_mutants(Options options) {
  std::size_t alive = 0;
  for (const std::string_view mutant : kMutants) {
    if (!options.mutant.empty() && mutant != options.mutant) continue;
    set_mutant(mutant);
    const Total total = run(options, true);
    if (total.failing.empty()) {
      ++alive;
      std::cout << mutant << ": not found in " << total.schedules << " schedules\n";
    } else {
      std::cout << mutant << ": found after " << total.schedules << " schedules, by seed " << total.failing.front().first << ": "
                << total.failing.front().second << '\n';
    }
  }
  const std::size_t tried = options.mutant.empty() ? kMutants.size() : 1;
  std::cout << tried - alive << " passed, " << alive << " failed\n";
  return alive == 0 ? 0 : 1;
}

int trace(const Options& options) {
  tracing = true;
  log::configure(log::Level::debug, log::Format::text);
  set_mutant(options.mutant);
  const Verdict verdict = run_schedule(*options.trace);
  std::cout << (verdict.good() ? "good" : verdict.first) << '\n';
  return verdict.good() ? 0 : 1;
}

}  // namespace
}  // namespace dispytch::sim

int main(int argc, char** argv) {
  using namespace dispytch::sim;
  Options options;
  CLI::App app{"Runs the delivery engine through schedules of a simulated broker and clock, and counts broken promises"};
  app.add_option("--schedules", options.schedules, "how many; with --mutants: at most so many for each")->capture_default_str();
  app.add_option("--seed", options.seed, "of the first schedule; the others follow")->capture_default_str();
  app.add_option("--threads", options.threads, "side by side; each schedule runs on one")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
  app.add_flag("--mutants", options.mutants, "make each of the engine's deliberate mistakes, and see that it is found");
  app.add_flag("--list", options.list, "name the deliberate mistakes, a line each");
  app.add_option("--mutant", options.mutant, "this one only, with --mutants or --trace");
  app.add_option("--trace", options.trace, "run the schedule of this seed, and tell each step");
  CLI11_PARSE(app, argc, argv);
  if (!options.mutant.empty() && std::ranges::find(kMutants, options.mutant) == kMutants.end()) {
    std::cerr << "dispytch_sim: there is no mutant " << options.mutant << "; --mutants lists them\n";
    return 2;
  }
  if (options.list) {
    for (const std::string_view mutant : kMutants) std::cout << mutant << '\n';
    return 0;
  }
  if (options.trace) return trace(options);
  dispytch::log::silence();
  return options.mutants ? run_mutants(options) : run_schedules(options);
}
