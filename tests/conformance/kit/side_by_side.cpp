#include "kit/side_by_side.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>

#include "kit/isolate.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;

struct Running {
  std::size_t index;
  std::size_t job;
  bool alone;
  bool holds_addresses;
  Clock::time_point begin;
  std::unique_ptr<Child> child;
};

bool has_fixed_addresses(const Options& options) {
  return std::any_of(options.network.begin(), options.network.end(), [](const Way& way) { return !way.direct.empty(); });
}

// Waits until a child has something to say, or until the first of them is out of time.
void wait_for_news(const std::vector<Running>& running) {
  std::vector<pollfd> readable;
  Clock::time_point first = Clock::time_point::max();
  for (const Running& one : running) {
    if (one.child->descriptor() < 0) return;  // it has no process
    readable.push_back({one.child->descriptor(), POLLIN, 0});
    first = std::min(first, one.child->deadline());
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now());
  poll(readable.data(), readable.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
}

}  // namespace

void try_side_by_side(const std::vector<Rule>& rules, const Options& options, const Jobs& jobs) {
  std::vector<std::size_t> waiting(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) waiting[i] = i;
  std::stable_partition(waiting.begin(), waiting.end(), [&](std::size_t i) { return !rules[i].alone; });
  std::set<std::size_t> free;
  for (std::size_t job = 1; job <= std::max<std::size_t>(jobs.count, 1); ++job) free.insert(job);
  const bool fixed = has_fixed_addresses(options);

  std::vector<Running> running;
  const auto may_begin = [&](const Rule& rule) {
    if (free.empty() || std::any_of(running.begin(), running.end(), [](const Running& one) { return one.alone; })) return false;
    if (rule.alone) return running.empty();
    const bool needs_addresses = fixed && (rule.asks & kNetwork) != 0;
    return !needs_addresses || std::none_of(running.begin(), running.end(), [](const Running& one) { return one.holds_addresses; });
  };
  while (!waiting.empty() || !running.empty()) {
    while (true) {
      const auto next = std::find_if(waiting.begin(), waiting.end(), [&](std::size_t i) { return may_begin(rules[i]); });
      if (next == waiting.end()) break;
      const std::size_t index = *next;
      const std::size_t job = *free.begin();
      waiting.erase(next);
      free.erase(job);
      if (jobs.begun) jobs.begun(index);
      const Rule& rule = rules[index];
      running.push_back({.index = index,
                         .job = job,
                         .alone = rule.alone,
                         .holds_addresses = fixed && (rule.asks & kNetwork) != 0,
                         .begin = Clock::now(),
                         .child = std::make_unique<Child>([&] { return jobs.judge(rule, options.for_job(job)); }, jobs.timeout)});
    }
    wait_for_news(running);
    for (auto one = running.begin(); one != running.end();) {
      if (!one->child->take()) {
        ++one;
        continue;
      }
      const Verdict verdict = one->child->finish();
      if (jobs.ended) jobs.ended(one->index, verdict, std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - one->begin));
      free.insert(one->job);
      one = running.erase(one);
    }
  }
}

}  // namespace dispytch::conformance
