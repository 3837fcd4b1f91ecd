#include "listen/gathered.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/mutate.hpp"
#include "listen/delivery.hpp"
#include "listen/runner.hpp"
#include "listen/scope.hpp"
#include "listen/trouble.hpp"

namespace dispytch::listen {

using lane::Item;
using lane::Trouble;
using lane::Verdict;
using Word = GatheredDelivery::Word;

void GatheredDelivery::reserve(std::size_t count) {
  entries_.reserve(count);
  messages_.reserve(count);
}

void GatheredDelivery::add(Item& item) {
  entries_.push_back({&item});
  messages_.emplace_back(*item.raw, &consumer_->api(), consumer_->raw());
  messages = messages_;
}

bool GatheredDelivery::decode(std::size_t index, const detail::EventType& type, void* body, const detail::EventEnvelope& envelope) {
  Entry& entry = entries_[index];
  if (entry.item->lane == stopped_) {
    entry.word = {.kind = Word::Kind::behind};
    return false;
  }
  stopped_ = entry.item->lane;
  MessageDelivery one{messages_[index], *entry.item, *decoder_, *runner_};
  try {
    if (one.open(entry.item->routes->wire) && one.decode(type, body, &envelope)) {
      stopped_ = nullptr;
      return true;
    }
    entry.word = {.kind = Word::Kind::undecodable, .reason = one.reason()};
  } catch (...) {  // its headers can't be read: one message's trouble, not its neighbours'
    fail(index, std::current_exception());
  }
  return false;
}

void GatheredDelivery::fail(std::size_t index, std::string reason) {
  if (reason.empty()) reason = "the handler said that it failed, and no reason";
  entries_[index].word = {.kind = Word::Kind::failure, .reason = std::move(reason)};
}

void GatheredDelivery::fail(std::size_t index, std::exception_ptr thrown) {
  if (thrown == nullptr) {  // current_exception() where nothing is being handled
    fail(index, std::string{});
  } else {
    entries_[index].word = {.kind = Word::Kind::thrown, .thrown = std::move(thrown)};
  }
}

namespace {

std::string cause_of(const handle::BoundHandler& bound, const Word& word) {
  if (word.kind == Word::Kind::thrown) return trouble_of(bound, word.thrown).exception;
  return word.kind == Word::Kind::failure ? "failure" : "outcome";
}

}  // namespace

void Runner::run_batch(std::span<Item* const> items, const handle::BoundHandler& bound, codec::Decoder& decoder) const {
  GatheredDelivery delivery{*consumer_, decoder, *this};
  delivery.reserve(items.size());
  for (Item* item : items) {
    item->verdict = Verdict::none;
    const bool let_go = item->source->let_go.load(std::memory_order_relaxed) && !DISPYTCH_MUTATE("begin_what_was_let_go");
    if (let_go) continue;
    item->at_hand.store(&bound, std::memory_order_relaxed);
    delivery.add(*item);
  }
  auto& entries = delivery.entries();
  if (entries.empty()) return;
  if (bound.gate) {
    const auto wait = bound.gate->admit(options_.clock->monotonic());
    if (wait > wait.zero()) {
      for (const auto& entry : entries) {
        entry.item->verdict = put(*entry.item, postponed(bound, wait));
      }
      return;
    }
  }

  Word end;  // of those of which nothing is said
  try {
    const Scope scope{bound};
    delivery.provided = scope.provided();
    const detail::BatchHandler& handler = bound.of_batches();
    const std::uint32_t attempt = attempt_number(*entries.front().item);
    std::optional<Outcome> outcome = bound.chain ? bound.chain(Call{handler, delivery, attempt}) : handler.invoke(delivery);
    if (outcome) end = {.kind = Word::Kind::outcome, .outcome = *std::move(outcome)};
  } catch (const detail::Undecodable&) {  // all of them: each has its reason
  } catch (...) {
    end = {.kind = Word::Kind::thrown, .thrown = std::current_exception()};
  }

  // A call failed if nothing of it went well: one bad message is no outage.
  bool called = false;
  const Word* failed = nullptr;  // the first that did
  bool any_well = false;
  for (auto& entry : entries) {
    if (entry.word.kind == Word::Kind::undecodable || entry.word.kind == Word::Kind::behind) continue;
    called = true;
    if (entry.word.kind == Word::Kind::nothing) entry.word = end;
    if (!entry.word.failed()) {
      any_well = true;
    } else if (failed == nullptr) {
      failed = &entry.word;
    }
  }
  bool paused = false;
  if (bound.gate && called) {
    paused = tell_gate(bound, !any_well, any_well ? std::string{} : cause_of(bound, *failed));
  } else if (bound.gate) {
    bound.gate->withdrew();
  }

  const bool all_fail = failed != nullptr && DISPYTCH_MUTATE("fail_the_neighbours");
  for (auto& [item, word] : entries) {
    if (all_fail) word = {.kind = Word::Kind::failure, .reason = "a neighbour failed"};
    if (any_well && DISPYTCH_MUTATE("settle_with_the_batch")) word = {.kind = Word::Kind::outcome};
    item->verdict = conclude(*item, bound, std::move(word), paused);
  }
}

Verdict Runner::conclude(Item& item, const handle::BoundHandler& bound, Word word, bool paused) const {
  switch (word.kind) {
    case Word::Kind::thrown: {
      Trouble trouble = trouble_of(bound, word.thrown);
      if (paused) trouble.kind = Trouble::Kind::unavailable;
      return put(item, std::move(trouble));
    }
    case Word::Kind::undecodable:
      return put(item, {.kind = Trouble::Kind::undecodable, .handler = &bound, .reason = std::move(word.reason)});
    case Word::Kind::behind: return Verdict::none;
    default: return judge(item, bound, {.outcome = std::move(word.outcome), .failure = std::move(word.reason)}, paused);
  }
}

}  // namespace dispytch::listen
