#include "faults/oracle.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <utility>

namespace dispytch::faults {
namespace {

constexpr std::size_t kFindings = 20;
constexpr std::chrono::milliseconds kTick{1};  // times of a log are milliseconds, cut off

std::string at(const Place& place) { return "partition " + std::to_string(place.partition) + ", offset " + std::to_string(place.offset); }

class Judge {
 public:
  Judge(const History& history, Reach reach) : history_{history}, reach_{reach} {
    for (const Handled& handling : history.handled) handlings_[handling.id].push_back(&handling);
    for (auto& [id, all] : handlings_) {
      std::ranges::stable_sort(all, {}, &Handled::ended);
      firsts_[all.front()->place.partition].insert({all.front()->place.offset, all.front()});
    }
    for (const Excuse& excuse : history.excuses) excuses_[excuse.run].push_back(&excuse);
    for (auto& [run, all] : excuses_) std::ranges::stable_sort(all, {}, &Excuse::at);
    for (const Renumbering& renumbering : history.renumberings) renumbered_[renumbering.run].push_back(renumbering.at);
    for (const Assignment& assignment : history.assignments) assigned_[assignment.run].push_back(assignment.at);
    for (auto& [run, times] : assigned_) std::ranges::sort(times);
  }

  Verdict judge() {
    count();
    find_lost();
    find_wrong_answers();
    find_duplicates();
    find_overtaken();
    find_backwards();
    find_early_marks();
    find_wrong_end();
    verdict_.stored_twice = copied_.size();
    return std::move(verdict_);
  }

 private:
  void note(std::size_t& count, const std::string& finding) {
    ++count;
    if (verdict_.findings.size() < kFindings) verdict_.findings.push_back(finding);
  }

  void count() {
    verdict_.emitted = history_.emitted.size();
    verdict_.handled = handlings_.size();
    for (const auto& [id, event] : history_.emitted) {
      verdict_.confirmed += event.answer == Answer::confirmed;
      verdict_.refused += event.answer == Answer::refused;
      verdict_.unknown += event.answer == Answer::unknown || event.answer == Answer::none;
    }
  }

  void find_lost() {
    for (const auto& [id, event] : history_.emitted) {
      if (event.answer == Answer::confirmed && !handlings_.contains(id)) {
        note(verdict_.lost, "lost: " + id.text() + ", confirmed at " + at(event.place));
      }
    }
  }

  void find_wrong_answers() {
    for (const auto& [id, all] : handlings_) {
      const auto emitted = history_.emitted.find(id);
      const Place first = all.front()->place;
      if (emitted == history_.emitted.end()) {
        note(verdict_.wrong_answers, "handled, but emitted by nobody: " + id.text());
      } else if (emitted->second.answer == Answer::refused) {
        note(verdict_.wrong_answers, "handled, though its emitter was told that the broker doesn't have it: " + id.text());
      } else if (stored_twice(id, all)) {
        copied_.insert(id);
      } else if (said_elsewhere(emitted->second, first)) {
        note(verdict_.wrong_answers, id.text() + ": confirmed at " + at(emitted->second.place) + ", but handled from " + at(first));
      } else if (std::ranges::any_of(all, [&](const Handled* one) { return one->place != first; })) {
        note(verdict_.wrong_answers, id.text() + ": stored more than once; the first is at " + at(first));
      }
    }
  }

  // Confirmed at another place, or in another partition where the broker said no offset: it had the message already when it came again.
  static bool said_elsewhere(const Emitted& event, const Place& place) {
    if (event.answer != Answer::confirmed) return false;
    return event.place.offset < 0 ? event.place.partition != place.partition : event.place != place;
  }

  // At several places, the one where it was confirmed among them, by a producer that numbered its messages anew before the last was
  // handled.
  bool stored_twice(const Id& id, const std::vector<const Handled*>& all) const {
    const Emitted& event = history_.emitted.at(id);
    const auto times = renumbered_.find(id.emitter);
    Time last = Time::min();
    bool where_confirmed = event.answer != Answer::confirmed || event.place.offset < 0;
    for (const Handled* one : all) {
      if (one->place != all.front()->place) last = std::max(last, one->begun);
      if (one->place == event.place) where_confirmed = true;
    }
    return last != Time::min() && where_confirmed && times != renumbered_.end() &&
           std::ranges::any_of(times->second, [&](Time at) { return at <= last + reach_.notice; });
  }

  void find_duplicates() {
    for (const auto& [id, all] : handlings_) {
      for (std::size_t i = 1; i < all.size(); ++i) {
        if (explained(*all[i - 1], *all[i]) || is_copy(*all[i])) {
          ++verdict_.duplicates_explained;
        } else {
          note(verdict_.duplicates_unexplained, id.text() + " at " + at(all[i]->place) + ": handled by " + all[i - 1]->run + ", then by " +
                                                    all[i]->run + ", without a crash or a fence that explains it");
        }
      }
    }
  }

  // The first handling at another place than that of the very first, of an event that is rightly stored twice.
  bool is_copy(const Handled& handling) const {
    if (!copied_.contains(handling.id)) return false;
    const std::vector<const Handled*>& all = handlings_.at(handling.id);
    return &handling != all.front() && *std::ranges::find(all, handling.place, &Handled::place) == &handling;
  }

  bool explained(const Handled& earlier, const Handled& later) const {
    const auto has = [&](const Handled& handling, bool only_fences) {
      const auto found = excuses_.find(handling.run);
      if (found == excuses_.end()) return false;
      return std::ranges::any_of(found->second, [&](const Excuse* excuse) {
        const bool fence = excuse->kind == Excuse::Kind::fence;
        if (excuse->kind == Excuse::Kind::leave || (only_fences && !fence)) return false;
        const auto latest = excuse->at + kTick + (fence ? reach_.on : std::chrono::seconds{0});
        return handling.ended >= excuse->at - reach_.back && handling.ended <= latest;
      });
    };
    return has(earlier, false) || has(later, true) || ahead_of_its_mark(earlier);
  }

  // Whether its process gave the partition up while an event below it there was unfinished: not handled since the process got the
  // partition, and handled after this one all the same.
  bool ahead_of_its_mark(const Handled& handling) const {
    const auto left = excuses_.find(handling.run);
    if (left == excuses_.end()) return false;
    const auto leave = std::ranges::find_if(
        left->second, [&](const Excuse* excuse) { return excuse->kind == Excuse::Kind::leave && excuse->at + kTick >= handling.ended; });
    if (leave == left->second.end()) return false;
    Time since = Time::min();
    if (const auto got = assigned_.find(handling.run); got != assigned_.end()) {
      for (const Time time : got->second) since = time <= handling.begun ? time : since;
    }
    const auto in_between = [&](const Handled* other) {
      return other->run == handling.run && other->begun >= since && other->ended <= (*leave)->at + kTick;
    };
    const auto& first = firsts_.at(handling.place.partition);
    return std::any_of(std::reverse_iterator{first.lower_bound(handling.place.offset)}, first.rend(), [&](const auto& below) {
      const std::vector<const Handled*>& all = handlings_.at(below.second->id);
      return all.back()->ended > handling.ended && std::ranges::none_of(all, in_between);
    });
  }

  // By emitter and key: the first handlings, in the order of their numbers, must be in the order of time too.
  void find_overtaken() {
    const Handled* before = nullptr;
    for (const auto& [id, all] : handlings_) {  // sorted by emitter, key and number
      const Handled* first = all.front();
      const bool same = before != nullptr && before->id.emitter == id.emitter && before->id.key == id.key;
      if (same && !id.key.empty() && first->ended < before->ended) {
        note(verdict_.order_violations,
             id.text() + ", first handled by " + first->run + ", overtook " + before->id.text() + " of " + before->run);
      }
      before = !same || first->ended > before->ended ? first : before;
    }
  }

  void find_backwards() {
    std::map<std::pair<std::string, std::pair<std::string, std::string>>, std::vector<const Handled*>> lanes;
    for (const Handled& handling : history_.handled) {
      if (!handling.id.key.empty()) lanes[{handling.run, {handling.id.emitter, handling.id.key}}].push_back(&handling);
    }
    for (auto& [lane, all] : lanes) {
      std::ranges::stable_sort(all, {}, &Handled::begun);
      for (std::size_t i = 1; i < all.size(); ++i) {
        const Handled &one = *all[i - 1], &next = *all[i];
        if (next.begun < one.ended && !assigned_between(one, next)) {
          note(verdict_.order_violations, next.id.text() + " began in " + next.run + " while " + one.id.text() + " was being handled");
        } else if (next.id.sequence <= one.id.sequence && !assigned_between(one, next) && !is_copy(next)) {
          note(verdict_.order_violations,
               next.id.text() + " was handled by " + next.run + " behind " + one.id.text() + ", without an assignment between them");
        }
      }
    }
  }

  bool assigned_between(const Handled& one, const Handled& next) const {
    const auto found = assigned_.find(one.run);
    if (found == assigned_.end()) return false;
    const auto time = std::ranges::lower_bound(found->second, one.begun - kTick);
    return time != found->second.end() && *time <= next.begun;
  }

  // For each partition: the time until which all below an offset had been handled for the first time.
  void find_early_marks() {
    std::map<std::int32_t, std::map<std::int64_t, std::pair<Time, const Id*>>> known;
    for (const auto& [id, event] : history_.emitted) {
      if (event.answer == Answer::confirmed && event.place.offset >= 0)
        known[event.place.partition].insert({event.place.offset, {Time::max(), &id}});
    }
    for (const Handled& handling : history_.handled) {
      auto& [time, id] = known[handling.place.partition].insert({handling.place.offset, {Time::max(), &handling.id}}).first->second;
      time = std::min(time, handling.ended);
    }
    for (const Mark& mark : history_.marks) {
      for (const auto& [offset, message] : known[mark.partition]) {
        if (offset >= mark.committed) break;
        if (message.first <= mark.at) continue;
        note(verdict_.mark_violations, "partition " + std::to_string(mark.partition) + " was committed up to " +
                                           std::to_string(mark.committed) + " while " + message.second->text() + " at offset " +
                                           std::to_string(offset) + " was not handled");
        break;
      }
    }
  }

  void find_wrong_end() {
    for (const Position& position : history_.positions) {
      if (position.committed == position.end || (position.end == 0 && position.committed < 0)) continue;
      note(verdict_.mark_violations, "partition " + std::to_string(position.partition) + " ends at " + std::to_string(position.end) +
                                         ", but is committed up to " + std::to_string(position.committed));
    }
  }

  const History& history_;
  const Reach reach_;
  std::map<Id, std::vector<const Handled*>> handlings_;                    // of each event, by the time of their end
  std::map<std::int32_t, std::map<std::int64_t, const Handled*>> firsts_;  // by partition and offset: its first handling
  std::map<std::string, std::vector<const Excuse*>> excuses_;              // by time
  std::map<std::string, std::vector<Time>> assigned_;
  std::map<std::string, std::vector<Time>> renumbered_;
  std::set<Id> copied_;
  Verdict verdict_;
};

}  // namespace

std::string Verdict::text() const {
  std::ostringstream out;
  out << "emitted " << emitted << " (confirmed " << confirmed << ", refused " << refused << ", unknown " << unknown << "), handled "
      << handled << ", lost " << lost << ", duplicates explained " << duplicates_explained << ", unexplained " << duplicates_unexplained
      << ", stored twice " << stored_twice << ", order violations " << order_violations << ", mark violations " << mark_violations
      << ", wrong answers " << wrong_answers;
  for (const std::string& finding : findings) out << "\n  " << finding;
  return out.str();
}

Verdict judge(const History& history, Reach reach) { return Judge{history, reach}.judge(); }

}  // namespace dispytch::faults
