#include "sim/schedule.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/broker.hpp"
#include "sim/dice.hpp"
#include "sim/member.hpp"
#include "sim/trace.hpp"

namespace dispytch::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kStepsToTheEnd = 4'000;  // once nothing goes wrong any more; the longest good schedules take a third

constexpr std::size_t kRoundsAfter = 10;  // in which those that have nothing more to do say so

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : dice_{seed}, settings_{draw_settings(dice_)}, broker_{settings_, dice_, clock_, verdict_} {
    SIM_TRACE("seed " << seed << ": " << to_string(settings_));
  }

  Verdict run() {
    for (unsigned i = 0; i < settings_.members; ++i) join();
    for (std::size_t step = dice_.between(30, 200); step > 0 && verdict_.good(); --step) {
      if (broker_.records().size() < settings_.messages && dice_.percent(50)) broker_.produce();
      act();
    }
    while (broker_.records().size() < settings_.messages) broker_.produce();
    calm_down();
    finish();
    if (verdict_.good()) end_in_order();
    members_.clear();
    return verdict_;
  }

 private:
  void join() { members_.push_back(std::make_unique<Member>(Member::World{settings_, dice_, clock_, broker_, verdict_})); }

  void remove(std::size_t chosen, bool comes_back) {
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(chosen));
    if (comes_back || members_.empty()) join();
  }

  // What a process and the world around it do next.
  void act() {
    const std::size_t chosen = dice_.below(members_.size());
    Member& member = *members_[chosen];
    if (member.failed() || member.died()) {
      remove(chosen, true);
      return;
    }
    if (member.draining()) {
      if (dice_.percent(50)) member.run_a_parcel();
      if (dice_.percent(50)) member.complete_one();
      broker_.answer_one(member.seat(), true);
      if (member.drain_step()) remove(chosen, true);
      clock_.advance(milliseconds{dice_.below(50)});
      return;
    }
    switch (dice_.below(10)) {
      case 0: clock_.advance(milliseconds{dice_.below(200)}); break;
      case 1: member.run_a_parcel(); break;
      case 2: member.complete_one(); break;
      case 3: broker_.answer_one(member.seat(), !dice_.percent(settings_.fault_percent)); break;
      case 4: member.take_answers(); break;
      case 5:
        if (dice_.percent(20)) broker_.make_durable(member.seat());
        broker_.expel_the_slow();
        break;
      default: member.step();
    }
    if (dice_.percent(settings_.fault_percent)) go_wrong(chosen);
  }

  void go_wrong(std::size_t chosen) {
    Member& member = *members_[chosen];
    switch (dice_.below(9)) {
      case 0: broker_.rebalance(); break;
      case 1: broker_.take_away(); break;
      case 2:
        if (dice_.percent(40)) {
          member.crash();
          remove(chosen, dice_.percent(80));
        }
        break;
      case 3:
        if (dice_.percent(40) && member.drain_step()) remove(chosen, true);
        break;
      case 4: member.seat().queue_full = !member.seat().queue_full; break;
      case 5: member.seat().events.push_back({.kind = std::uint32_t{dice_.percent(50) ? DISPYTCH_DOWN : DISPYTCH_UP}}); break;
      case 6: member.skip_held(); break;
      case 7: clock_.advance(milliseconds{dice_.below(3'000)}); break;
      default:
        if (members_.size() < 4 && dice_.percent(20)) join();
    }
  }

  void calm_down() {
    SIM_TRACE("nothing goes wrong from now on");
    broker_.calm = true;
    for (const auto& member : members_) member->seat().queue_full = false;
  }

  // Everything must end: whatever is held is skipped, whatever waits gets its time.
  void finish() {
    for (std::size_t step = 0; verdict_.good(); ++step) {
      if (broker_.done() && rounds_after_ >= kRoundsAfter) return;
      if (broker_.done()) ++rounds_after_;
      if (step == kStepsToTheEnd) {
        const auto& records = broker_.records();
        const auto open =
            std::ranges::find_if(records, [&](const Record* record) { return !record->settled || !finished(*record, settings_); });
        for (const auto& member : members_) member->tell();
        verdict_.break_promise(&Verdict::stuck, name(**open) + " is never " + (finished(**open, settings_) ? "settled" : "finished"));
        return;
      }
      one_round(step);
    }
  }

  void one_round(std::size_t step) {
    broker_.expel_the_slow();
    for (std::size_t i = 0; i < members_.size(); ++i) {
      Member& member = *members_[i];
      if (member.failed() || member.died()) {
        remove(i, true);
        return;
      }
      if (member.draining()) {
        while (member.run_a_parcel()) {}
        while (member.complete_one()) {}
        if (member.drain_step()) {
          remove(i, true);
          return;
        }
        continue;
      }
      member.step();
      while (member.run_a_parcel()) {}
      if (dice_.percent(80)) (void)member.complete_one();
      while (!member.seat().sent.empty()) broker_.answer_one(member.seat(), true);
      member.take_answers();
      member.check_rest();
      if (step % 8 == 0) member.skip_held();
      broker_.make_durable(member.seat());
    }
    clock_.advance(milliseconds{dice_.between(1, 40)});
    lost_ones();
  }

  // Durable at the broker means that nobody gets it again.
  void lost_ones() {
    for (const Record* record : broker_.records()) {
      if (record->settled && !finished(*record, settings_))
        verdict_.break_promise(&Verdict::lost, name(*record) + " is settled and was never finished");
    }
  }

  void end_in_order() {
    for (const auto& member : members_) {
      for (std::size_t step = 0; !member->drain_step(); ++step) {
        while (member->run_a_parcel()) {}
        while (member->complete_one()) {}
        while (!member->seat().sent.empty()) broker_.answer_one(member->seat(), true);
        if (step == kStepsToTheEnd) {
          verdict_.break_promise(&Verdict::stuck, "a process doesn't end");
          break;
        }
        clock_.advance(milliseconds{10});
      }
    }
  }

  Dice dice_;
  VirtualClock clock_;
  Verdict verdict_;
  const Settings settings_;
  Broker broker_;
  std::vector<std::unique_ptr<Member>> members_;
  std::size_t rounds_after_ = 0;  // all was finished and settled
};

}  // namespace

Verdict run_schedule(std::uint64_t seed) { return Schedule{seed}.run(); }

}  // namespace dispytch::sim
