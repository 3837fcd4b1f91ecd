// What a process says of itself, and whether it is so.
#include <algorithm>
#include <string>
#include <vector>

#include "sim/member.hpp"
#include "sim/trace.hpp"

namespace dispytch::sim {

using std::chrono::nanoseconds;

void Member::check_rest() {
  constexpr unsigned kPatience = 5;  // rounds
  const listen::Counters& counters = engine_->counters();
  const auto waits_for_a_person = [](const listen::Unfinished& one) { return one.held; };
  const std::vector<listen::Unfinished> first_ones = engine_->unfinished_for(nanoseconds{0}, 1'000);
  const bool nothing_runs = running_.empty() && pending_.empty() && forgotten_.empty() && late_.empty();
  const bool only_held = !first_ones.empty() && nothing_runs && std::ranges::all_of(first_ones, waits_for_a_person);
  const bool rests = seat_.events.empty() && !counters.down && news_ == seat_.news && (only_held || engine_->unfinished() == 0);
  news_ = seat_.news;
  rounds_at_rest_ = rests ? rounds_at_rest_ + 1 : 0;
  if (rounds_at_rest_ < kPatience) return;
  if (!counters.joined) world_.verdict.break_promise(&Verdict::stuck, "a process knows what it reads, and is never ready");
  if (counters.idle_since_ns == 0) {
    world_.verdict.break_promise(
        &Verdict::stuck,
        std::string{"a process "} + (only_held ? "waits for a person alone" : "has nothing to do") + ", and is never idle");
  }
}

void Member::tell() {
  if (!tracing) return;
  for (const listen::Unfinished& one : engine_->unfinished_for(nanoseconds{0}, 100)) {
    SIM_TRACE("in hand: partition " << one.partition << ", offset " << one.offset << ", key \"" << one.key << "\" waits for "
                                    << one.waits_for << ", attempts " << one.attempts << ", " << one.reason);
  }
  SIM_TRACE("unfinished " << engine_->unfinished() << ", credit " << seat_.last_credit << ", events " << seat_.events.size()
                          << ", holdings " << seat_.holdings.size() << (draining_ ? ", draining" : "") << (failed_ ? ", failed" : ""));
}

}  // namespace dispytch::sim
