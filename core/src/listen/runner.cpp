#include "listen/runner.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "listen/handling_failure.hpp"
#include "listen/scope.hpp"
#include "text/bytes.hpp"

namespace dispytch::listen {
namespace {

using inflight::HandlingFailure;
using inflight::Item;
using inflight::Verdict;

void log_drop(const std::string& log_source, const handle::BoundHandler& handler, std::string_view topic, const std::string& reason) {
  log::warning(log_source, "handler `" + handler.handler->name + "` dropped a message of topic `" + std::string{topic} + "`: " + reason);
}

// What a handler that finishes later may refer to until then. Destroyed in the reverse order.
struct KeptFrame {
  std::shared_ptr<inflight::OwnedMessage> message;
  std::shared_ptr<void> frame;
  ObjectsOfCall scope;
};

}  // namespace

void Runner::run(Item& item, codec::Decoder& decoder) const {
  const Message message{*item.raw, &consumer_->api(), consumer_->raw()};
  MessageDelivery delivery{message, item, decoder, *this};

  const route::TopicRoutes& routes = *item.routes;
  const route::TypeRoute* route = nullptr;
  bool opened = true;
  const bool tombstone = item.raw->payload.data == nullptr && routes.reads_type;
  if (routes.reads_type && !tombstone) {
    opened = delivery.open(routes.wire);
    if (opened) route = routes.only != nullptr ? routes.only : routes.find(delivery.type());
  }

  // Handlers of messages come first, whatever the bytes are. What can't be opened is one more: the handler of events that it is meant for.
  const std::size_t count = routes.any_type.size() + (route != nullptr ? route->targets.size() : 0) + (opened ? 0 : 1);
  if (count == 0) {
    item.verdict = tombstone ? pass_over_tombstone(item) : pass_over_type(item, delivery.type());
    return;
  }
  if (routes.batches && route != nullptr) {  // one that is tried again, or whose type couldn't be told when it came
    if (const handle::BoundHandler* const handler = route->of_batches()) {
      run_alone(item, *handler, decoder);
      return;
    }
  }
  item.targets = static_cast<std::uint16_t>(count);
  if (item.next_target == 0) item.verdict = Verdict::done;
  while (item.next_target < count) {
    if (!opened && item.next_target == count - 1) {
      item.verdict =
          fail(item, {.kind = HandlingFailure::Kind::undecodable, .handler = routes.only_of_events, .reason = delivery.reason()});
      return;
    }
    const Verdict verdict = call(item, *target(item, route, item.next_target), delivery);
    if (verdict != Verdict::done || item.verdict != Verdict::dropped) item.verdict = verdict;
    if (verdict == Verdict::failed || verdict == Verdict::later) return;
    if (item.go_to_next_handler() && item.is_revoked()) {
      item.verdict = Verdict::none;  // its next owner calls them all
      return;
    }
  }
}

Verdict Runner::pass_over_type(Item& item, std::string_view type) const {
  if (options_.on_unhandled == policy::OnUnhandled::settle) return Verdict::unhandled;
  return fail(item, {.kind = HandlingFailure::Kind::unhandled, .reason = "no handler wants events of type \"" + std::string{type} + "\""});
}

Verdict Runner::pass_over_tombstone(Item& item) const {
  if (options_.on_tombstone == OnTombstone::settle) return Verdict::unhandled;
  return fail(item, {.kind = HandlingFailure::Kind::tombstone,
                     .reason = "it has no payload (a tombstone), and no handler takes such messages: one by on_message() would, and "
                               "`on_tombstone: settle` lets them pass"});
}

std::shared_ptr<Attempt> Runner::make_attempt(Item& item) const {
  // The news is done by the listener if it still is; the inbox outlives it.
  return make_attempt(item, [inbox = options_.inbox, answered = &options_.answered, &item, serial = item.serial](Attempt::Answer said) {
    inbox->post([answered, &item, serial, said = std::move(said)]() mutable { (*answered)(item, serial, std::move(said)); });
  });
}

std::shared_ptr<Attempt> Runner::make_attempt(const Item& item, std::function<void(Attempt::Answer)> answer) const {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(options_.clock->monotonic() - item.first_seen());
  return std::make_shared<Attempt>(Attempt::Options{.number = item.attempt_number(),
                                                    .first_seen = Timestamp{std::chrono::milliseconds{options_.clock->unix_ms()} - since},
                                                    .emitter = options_.emitter,
                                                    .answer = std::move(answer)});
}

const route::Target* Runner::target(const Item& item, const route::TypeRoute* route, std::size_t index) const noexcept {
  const auto& any = item.routes->any_type;
  return index < any.size() ? &any[index] : &route->targets[index - any.size()];
}

Verdict Runner::call(Item& item, const route::Target& target, MessageDelivery& delivery) const {
  const handle::BoundHandler& bound = *target.handler;
  if (bound.gate) {
    const auto wait = bound.gate->admit(options_.clock->monotonic());
    if (wait > wait.zero()) return fail(item, postponed(bound, wait));
  }
  item.at_hand.store(&bound, std::memory_order_relaxed);
  delivery.segments = target.segments.data();
  const auto refuse = [&] {
    if (const auto attempt = delivery.take_attempt()) attempt->abandon();
    if (bound.gate) bound.gate->withdrew();
    return fail(item, {.kind = HandlingFailure::Kind::undecodable, .handler = &bound, .reason = delivery.reason()});
  };
  try {
    Scope scope{bound};
    delivery.provided = scope.provided();
    const detail::MessageHandler& handler = bound.of_messages();
    std::optional<Outcome> outcome = bound.chain ? bound.chain(Call{handler, delivery, item.attempt_number()}) : handler.invoke(delivery);
    if (!outcome) return refuse();
    const auto attempt = delivery.take_attempt();
    auto frame = delivery.take_frame();
    if (!attempt && !bound.gate && outcome->kind() == Outcome::Kind::done) return Verdict::done;
    if (!attempt) return conclude(item, bound, {.outcome = *std::move(outcome)});
    if (frame) attempt->keep(std::make_shared<KeptFrame>(KeptFrame{item.owned, std::move(frame), scope.take()}));
    std::optional<Attempt::Answer> answer = attempt->returned(*std::move(outcome));
    if (!answer) {
      item.handler = &bound;
      return Verdict::later;
    }
    return conclude(item, bound, std::move(*answer));
  } catch (const detail::Undecodable&) {
    return refuse();
  } catch (...) {
    if (const auto attempt = delivery.take_attempt()) attempt->abandon();
    if (DISPYTCH_MUTATE("ack_what_throws")) return Verdict::done;
    HandlingFailure failed = failure_of(bound, std::current_exception());
    if (tell_gate(bound, true, failed.exception)) failed.kind = HandlingFailure::Kind::unavailable;
    return fail(item, std::move(failed));
  }
}

Verdict Runner::conclude(Item& item, const handle::BoundHandler& handler, Attempt::Answer answer) const {
  const Outcome::Kind kind = answer.outcome.kind();
  const bool failed = !answer.failure.empty() || kind == Outcome::Kind::retry_after || kind == Outcome::Kind::unavailable;
  const bool paused = tell_gate(handler, failed, answer.failure.empty() ? "outcome" : "failure");
  return judge(item, handler, std::move(answer), paused);
}

bool Runner::tell_gate(const handle::BoundHandler& handler, bool failed, std::string_view cause) const {
  if (!handler.gate) return false;
  const auto say = [&](log::Level level, const std::string& what) {
    log::write(level, options_.log_source, "the circuit breaker of handler `" + handler.handler->name + "` " + what);
  };
  if (!failed) {
    if (handler.gate->succeeded()) say(log::Level::info, "closes: a probe ended well");
    return false;
  }
  const policy::Gate::Breaker breaker = handler.gate->failed(options_.clock->monotonic(), cause);
  if (breaker == policy::Gate::Breaker::opens) {
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(handler.policy.breaker_pause);
    say(log::Level::warning, "opens: " + std::to_string(handler.policy.breaker_failures) + " failures in a row, by " + std::string{cause} +
                                 "; it is not called for " + std::to_string(pause.count()) +
                                 " ms, then by one message at a time, to probe");
  }
  return breaker == policy::Gate::Breaker::open;
}

HandlingFailure Runner::postponed(const handle::BoundHandler& handler, std::chrono::nanoseconds wait) {
  return {.kind = HandlingFailure::Kind::postponed,
          .handler = &handler,
          .reason = handler.gate->open() ? "its circuit breaker is open" : "its rate is used up",
          .delay = wait};
}

Verdict Runner::judge(Item& item, const handle::BoundHandler& handler, Attempt::Answer answer, bool paused) const {
  if (!answer.failure.empty()) {
    return fail(item, {.kind = paused ? HandlingFailure::Kind::unavailable : HandlingFailure::Kind::failed,
                       .handler = &handler,
                       .reason = std::move(answer.failure),
                       .fatal = answer.fatal});
  }
  const Outcome& outcome = answer.outcome;
  switch (outcome.kind()) {
    case Outcome::Kind::done: return Verdict::done;
    case Outcome::Kind::drop:
      log_drop(options_.log_source, handler, text::view(item.raw->topic), outcome.reason());
      return Verdict::dropped;
    case Outcome::Kind::retry_after:
      return fail(item, {.kind = HandlingFailure::Kind::retry_after,
                         .handler = &handler,
                         .reason = outcome.reason().empty() ? "the handler asked for another attempt" : outcome.reason(),
                         .delay = outcome.delay()});
    case Outcome::Kind::dead_letter:
      return fail(item, {.kind = HandlingFailure::Kind::dead_letter, .handler = &handler, .reason = outcome.reason()});
    case Outcome::Kind::unavailable:
      return fail(item, {.kind = HandlingFailure::Kind::unavailable,
                         .handler = &handler,
                         .reason = outcome.reason().empty() ? "something that the handler needs is away" : outcome.reason()});
  }
  return Verdict::done;
}

}  // namespace dispytch::listen
