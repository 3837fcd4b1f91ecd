#include "operate/watch.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "base/mutex.hpp"

namespace dispytch::operate {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::chrono::minutes kTellAgain{5};
// A thread that doesn't answer for so long is taken for dead. Longer than any step of an engine that lives.
constexpr seconds kDead{60};
// An answer about lag that is older says nothing of now.
constexpr seconds kStale{10};

std::string where(const listen::Unfinished& one) {
  return listen::place(one.topic, listen::position(one.partition, one.offset, one.id), one.key);
}

std::string in_words(const listen::Unfinished& one) {
  std::string text =
      where(one) + " has been unfinished for " + std::to_string(one.age.count() / 1000) + " s and waits for " + one.waits_for;
  if (one.attempts > 0) text += " after " + std::to_string(one.attempts) + (one.attempts == 1 ? " attempt" : " attempts");
  if (!one.handler.empty()) text += ", handler `" + one.handler + "`";
  if (!one.reason.empty()) text += ": " + one.reason;
  return text;
}

}  // namespace

struct Watch::Question {
  Mutex mutex;
  Condition changed;
  bool answered DISPYTCH_GUARDED_BY(mutex) = false;
  std::vector<listen::Unfinished> unfinished DISPYTCH_GUARDED_BY(mutex);
  std::vector<listen::Lag> lag DISPYTCH_GUARDED_BY(mutex);
  std::optional<Result<void>> skipped DISPYTCH_GUARDED_BY(mutex);

  bool await(milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const Lock lock{mutex};
    while (!answered && changed.wait_until(mutex, deadline)) {}
    return answered;
  }
  bool is_answered() {
    const Lock lock{mutex};
    return answered;
  }
  void answer() DISPYTCH_REQUIRES(mutex) {
    answered = true;
    changed.notify_all();
  }
  std::vector<listen::Unfinished> take_unfinished() {
    const Lock lock{mutex};
    return std::move(unfinished);
  }
  std::vector<listen::Lag> take_lag() {
    const Lock lock{mutex};
    return std::move(lag);
  }
  Result<void> take_skipped() {
    const Lock lock{mutex};
    return *std::exchange(skipped, std::nullopt);
  }
};

Watch::Watch(std::vector<listen::Engine*> engines, std::vector<NamedMetrics> backends, const Clock& clock)
    : engines_{std::move(engines)}, backends_{std::move(backends)}, clock_{&clock}, seen_(engines_.size()) {}

std::shared_ptr<Watch::Question> Watch::put(listen::Engine& engine, nanoseconds limit) const {
  auto question = std::make_shared<Question>();
  const bool open = engine.inbox()->post([&engine, question, limit] {
    std::vector<listen::Unfinished> unfinished = engine.unfinished_for(limit, kMostNamed);
    std::vector<listen::Lag> lag = engine.lag();
    const Lock lock{question->mutex};
    question->unfinished = std::move(unfinished);
    question->lag = std::move(lag);
    question->answer();
  });
  if (!open) {  // it has ended, with nothing in hand
    const Lock lock{question->mutex};
    question->answer();
  }
  return question;
}

void Watch::look() {
  const Lock lock{mutex_};
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    Seen& seen = seen_[i];
    const nanoseconds stuck_after = engines_[i]->stuck_after();
    if (seen.question && !seen.question->is_answered()) continue;
    if (seen.question) {
      seen.stuck = seen.question->take_unfinished();
      seen.lag = seen.question->take_lag();
      seen.blocked.clear();
      std::ranges::copy_if(seen.stuck, std::back_inserter(seen.blocked), [](const auto& one) { return one.held || one.letter_refused; });
      seen.oldest = seen.stuck.empty() ? milliseconds{0} : seen.stuck.front().age;
      std::erase_if(seen.stuck, [&](const auto& one) { return stuck_after == nanoseconds{0} || one.age < stuck_after; });
      tell(*engines_[i], seen);
    }
    seen.question = put(*engines_[i], nanoseconds{0});
    seen.asked = clock_->monotonic();
  }
}

void Watch::tell(const listen::Engine& engine, Seen& seen) const {
  const nanoseconds now = clock_->monotonic();
  std::map<std::string, nanoseconds> told;
  for (const listen::Unfinished& one : seen.stuck) {
    const std::string name = where(one) + one.waits_for;
    const auto before = seen.told.find(name);
    const bool due = before == seen.told.end() || now - before->second >= kTellAgain;
    told.emplace(name, due ? now : before->second);
    if (due) log::warning("listener." + engine.name(), "stuck: " + in_words(one));
  }
  seen.told = std::move(told);
}

std::vector<Report> Watch::ask() {
  std::vector<std::shared_ptr<Question>> questions;
  questions.reserve(engines_.size());
  for (listen::Engine* engine : engines_) questions.push_back(put(*engine, nanoseconds{0}));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::vector<Report> reports;
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    Report report{.listener = engines_[i]->name(),
                  .group = engines_[i]->group(),
                  .counters = &engines_[i]->counters(),
                  .open_breakers = engines_[i]->open_breakers()};
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (questions[i]->await(std::max(left, milliseconds{0}))) {
      report.answered = true;
      report.unfinished = questions[i]->take_unfinished();
      report.lag = questions[i]->take_lag();
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

Result<void> Watch::skip(std::string_view listener, std::string_view topic, std::int32_t partition, std::int64_t offset,
                         std::string_view who) {
  return skip_by(listener, [topic = std::string{topic}, partition, offset, who = std::string{who}](listen::Engine& engine) {
    return engine.skip(topic, partition, offset, who);
  });
}

Result<void> Watch::skip(std::string_view listener, std::string_view topic, std::string_view id, std::string_view who) {
  return skip_by(listener, [topic = std::string{topic}, id = std::string{id}, who = std::string{who}](listen::Engine& engine) {
    return engine.skip(topic, id, who);
  });
}

Result<void> Watch::skip_by(std::string_view listener, std::function<Result<void>(listen::Engine&)> skip) const {
  const auto found = std::ranges::find_if(engines_, [&](const listen::Engine* engine) { return engine->name() == listener; });
  if (found == engines_.end()) {
    std::string known;
    for (const listen::Engine* engine : engines_) known += (known.empty() ? "" : ", ") + engine->name();
    return Error{.code = ErrorCode::not_found,
                 .text = "there is no listener `" + std::string{listener} + "` here; there are: " + (known.empty() ? "none" : known)};
  }
  auto question = std::make_shared<Question>();
  const bool open = (*found)->inbox()->post([engine = *found, question, skip = std::move(skip)] {
    Result<void> skipped = skip(*engine);
    const Lock lock{question->mutex};
    question->skipped = std::move(skipped);
    question->answer();
  });
  if (!open) return Error{.code = ErrorCode::closed, .text = "listener `" + std::string{listener} + "` has ended"};
  if (question->await(kPatience)) return question->take_skipped();
  return Error{.code = ErrorCode::timeout,
               .text = "listener `" + std::string{listener} + "` didn't answer within " + std::to_string(kPatience.count()) +
                       " ms; the message may be let go later: look at its status"};
}

std::vector<NamedCounters> Watch::figures() const {
  std::vector<NamedCounters> figures;
  const nanoseconds now = clock_->monotonic();
  const Lock lock{mutex_};
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    const bool is_fresh = seen_[i].question && now - seen_[i].asked < kStale;
    figures.push_back({.listener = engines_[i]->name(),
                       .counters = &engines_[i]->counters(),
                       .looked = {.stuck = seen_[i].stuck.size(),
                                  .oldest_s = std::chrono::duration<double>{seen_[i].oldest}.count(),
                                  .open_breakers = engines_[i]->open_breakers(),
                                  .lag = is_fresh ? seen_[i].lag : std::vector<listen::Lag>{}}});
  }
  return figures;
}

std::vector<std::string> Watch::unready() const {
  std::vector<std::string> reasons = dead();
  const Lock lock{mutex_};
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    const listen::Engine& engine = *engines_[i];
    const listen::Counters& counters = engine.counters();
    const std::string who = "listener " + engine.name() + ": ";
    if (!counters.joined.load(std::memory_order_relaxed)) reasons.push_back(who + "it has no part in its group yet");
    if (counters.down.load(std::memory_order_relaxed)) reasons.push_back(who + "the broker can't be reached");
    if (const auto held = counters.held.load(std::memory_order_relaxed); held > 0) {
      const auto first = std::ranges::find_if(seen_[i].blocked, &listen::Unfinished::held);
      std::string reason = who + std::to_string(held) + (held == 1 ? " message is held" : " messages are held");
      if (first != seen_[i].blocked.end()) {
        reason.append(held == 1 ? ": " : ", the oldest of them ").append(where(*first)).append(": ").append(first->reason);
      }
      reasons.push_back(std::move(reason));
    }
    for (const listen::Unfinished& one : seen_[i].blocked) {
      if (one.letter_refused && !one.held) reasons.push_back(who + where(one) + ": " + one.reason);
    }
    for (const listen::Unfinished& one : seen_[i].stuck) reasons.push_back(who + "stuck: " + in_words(one));
  }
  return reasons;
}

std::vector<std::string> Watch::dead() const {
  std::vector<std::string> reasons;
  const Lock lock{mutex_};
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    if (!seen_[i].question || seen_[i].question->is_answered() || clock_->monotonic() - seen_[i].asked < kDead) continue;
    reasons.push_back("listener " + engines_[i]->name() + ": its thread hasn't answered for " +
                      std::to_string(std::chrono::duration_cast<seconds>(clock_->monotonic() - seen_[i].asked).count()) + " s");
  }
  return reasons;
}

}  // namespace dispytch::operate
