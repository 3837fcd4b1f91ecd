#include "listen/batch_delivery.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/mutate.hpp"
#include "listen/delivery.hpp"
#include "listen/handling_failure.hpp"
#include "listen/runner.hpp"
#include "listen/scope.hpp"

namespace dispytch::listen {

using inflight::HandlingFailure;
using inflight::Item;
using inflight::Verdict;
using ItemResult = BatchDelivery::ItemResult;

void BatchDelivery::reserve(std::size_t count) {
  entries_.reserve(count);
  messages_.reserve(count);
}

void BatchDelivery::add(Item& item) {
  entries_.push_back({&item});
  messages_.emplace_back(*item.raw, &consumer_->api(), consumer_->raw());
  messages = messages_;
}

bool BatchDelivery::decode(std::size_t index, const detail::EventType& type, void* body, const detail::EventEnvelope& envelope) {
  Entry& entry = entries_[index];
  if (entry.item->lane == stopped_) {
    entry.result = {.kind = ItemResult::Kind::behind};
    return false;
  }
  stopped_ = entry.item->lane;
  MessageDelivery one{messages_[index], *entry.item, *decoder_, *runner_};
  try {
    if (one.open(entry.item->routes->wire) && one.decode(type, body, &envelope)) {
      stopped_.reset();
      return true;
    }
    entry.result = {.kind = ItemResult::Kind::undecodable, .reason = one.reason()};
  } catch (...) {  // its headers can't be read: one message's trouble, not its neighbours'
    fail(index, std::current_exception());
  }
  return false;
}

void BatchDelivery::fail(std::size_t index, std::string reason) {
  if (reason.empty()) reason = "the handler said that it failed, and no reason";
  entries_[index].result = {.kind = ItemResult::Kind::failure, .reason = std::move(reason)};
}

void BatchDelivery::fail(std::size_t index, std::exception_ptr thrown) {
  if (thrown == nullptr) {  // current_exception() where nothing is being handled
    fail(index, std::string{});
  } else {
    entries_[index].result = {.kind = ItemResult::Kind::thrown, .thrown = std::move(thrown)};
  }
}

std::shared_ptr<detail::Attempt> BatchDelivery::attempt() {
  if (!attempt_) attempt_ = make_attempt_();
  return attempt_;
}

namespace {

// What was said of the message holds only once what the handler emitted is confirmed. What failed anyhow doesn't wait.
bool waits_for_emits(const BatchDelivery::Entry& entry) { return entry.result.kind == ItemResult::Kind::outcome; }

std::string cause_of(const handle::BoundHandler& bound, const ItemResult& result) {
  if (result.kind == ItemResult::Kind::thrown) return failure_of(bound, result.thrown).exception;
  return result.kind == ItemResult::Kind::failure ? "failure" : "outcome";
}

}  // namespace

bool Runner::call_batch(std::span<Item* const> items, const handle::BoundHandler& bound, BatchDelivery& delivery) const {
  delivery.reserve(items.size());
  for (Item* item : items) {
    item->verdict = Verdict::none;
    const bool revoked = item->is_revoked() && !DISPYTCH_MUTATE("begin_what_was_let_go");
    if (revoked) continue;
    item->at_hand.store(&bound, std::memory_order_relaxed);
    delivery.add(*item);
  }
  auto& entries = delivery.entries();
  if (entries.empty()) return false;
  if (bound.gate) {
    const auto wait = bound.gate->admit(options_.clock->monotonic());
    if (wait > wait.zero()) {
      for (const auto& entry : entries) {
        entry.item->verdict = fail(*entry.item, postponed(bound, wait));
      }
      return false;
    }
  }

  ItemResult end;  // of those of which nothing is said
  try {
    const Scope scope{bound};
    delivery.provided = scope.provided();
    const detail::BatchHandler& handler = bound.of_batches();
    const std::uint32_t attempt = entries.front().item->attempt_number();
    std::optional<Outcome> outcome = bound.chain ? bound.chain(Call{handler, delivery, attempt}) : handler.invoke(delivery);
    if (outcome) end = {.kind = ItemResult::Kind::outcome, .outcome = *std::move(outcome)};
  } catch (const detail::Undecodable&) {  // all of them: each has its reason
  } catch (...) {
    end = {.kind = ItemResult::Kind::thrown, .thrown = std::current_exception()};
  }
  for (auto& entry : entries) {
    if (entry.result.kind == ItemResult::Kind::nothing) entry.result = end;
  }
  return true;
}

bool Runner::run_batch(std::span<Item* const> items, const handle::BoundHandler& bound, codec::Decoder& decoder,
                       BatchAnswered answered) const {
  const auto awaited = std::make_shared<AwaitedBatch>(AwaitedBatch{.handler = &bound});
  BatchDelivery delivery{*consumer_, decoder, *this, [&] {
                           return make_attempt(*items.front(), [awaited, answered = std::move(answered)](Attempt::Answer answer) {
                             awaited->answer = std::move(answer);
                             answered(awaited);
                           });
                         }};
  if (!call_batch(items, bound, delivery)) return true;
  const std::shared_ptr<Attempt> attempt = delivery.take_attempt();
  const bool waits = attempt && std::ranges::any_of(delivery.entries(), waits_for_emits);
  if (waits && !DISPYTCH_MUTATE("settle_a_batch_before_its_emits")) {
    awaited->items.assign(items.begin(), items.end());
    awaited->entries = std::move(delivery.entries());
    std::optional<Attempt::Answer> answer = attempt->returned(done());
    if (!answer) return false;
    awaited->answer = *std::move(answer);
    conclude(*awaited);
    return true;
  }
  if (attempt) attempt->abandon();
  conclude(delivery.entries(), bound);
  return true;
}

void Runner::run_alone(Item& item, const handle::BoundHandler& bound, codec::Decoder& decoder) const {
  Item* const alone = &item;
  BatchDelivery delivery{*consumer_, decoder, *this, [&] { return make_attempt(item); }};
  if (!call_batch({&alone, 1}, bound, delivery)) return;
  const std::shared_ptr<Attempt> attempt = delivery.take_attempt();
  if (attempt && waits_for_emits(delivery.entries().front())) {
    std::optional<Attempt::Answer> answer = attempt->returned(std::move(delivery.entries().front().result.outcome));
    item.handler = &bound;
    item.verdict = answer ? conclude(item, bound, *std::move(answer)) : Verdict::later;
    return;
  }
  if (attempt) attempt->abandon();
  conclude(delivery.entries(), bound);
}

void Runner::conclude(AwaitedBatch& batch) const {
  if (!batch.answer.failure.empty()) {
    for (BatchDelivery::Entry& entry : batch.entries) {
      if (waits_for_emits(entry))
        entry.result = {.kind = ItemResult::Kind::failure, .reason = batch.answer.failure, .fatal = batch.answer.fatal};
    }
  }
  conclude(batch.entries, *batch.handler);
}

void Runner::conclude(std::vector<BatchDelivery::Entry>& entries, const handle::BoundHandler& bound) const {
  // A call failed if nothing of it went well: one bad message is no outage.
  bool called = false;
  const ItemResult* failed = nullptr;  // the first that did
  bool any_well = false;
  for (const auto& entry : entries) {
    if (entry.result.kind == ItemResult::Kind::undecodable || entry.result.kind == ItemResult::Kind::behind) continue;
    called = true;
    if (!entry.result.failed()) {
      any_well = true;
    } else if (failed == nullptr) {
      failed = &entry.result;
    }
  }
  bool paused = false;
  if (bound.gate && called) {
    paused = tell_gate(bound, !any_well, any_well ? std::string{} : cause_of(bound, *failed));
  } else if (bound.gate) {
    bound.gate->withdrew();
  }

  const bool all_fail = failed != nullptr && DISPYTCH_MUTATE("fail_the_neighbours");
  for (auto& [item, result] : entries) {
    if (all_fail) result = {.kind = ItemResult::Kind::failure, .reason = "a neighbour failed"};
    if (any_well && DISPYTCH_MUTATE("settle_with_the_batch")) result = {.kind = ItemResult::Kind::outcome};
    item->verdict = conclude(*item, bound, std::move(result), paused);
  }
}

Verdict Runner::conclude(Item& item, const handle::BoundHandler& bound, ItemResult result, bool paused) const {
  switch (result.kind) {
    case ItemResult::Kind::thrown: {
      HandlingFailure failure = failure_of(bound, result.thrown);
      if (paused) failure.kind = HandlingFailure::Kind::unavailable;
      return fail(item, std::move(failure));
    }
    case ItemResult::Kind::undecodable:
      return fail(item, {.kind = HandlingFailure::Kind::undecodable, .handler = &bound, .reason = std::move(result.reason)});
    case ItemResult::Kind::behind: return Verdict::none;
    default:
      return judge(item, bound, {.outcome = std::move(result.outcome), .failure = std::move(result.reason), .fatal = result.fatal}, paused);
  }
}

}  // namespace dispytch::listen
