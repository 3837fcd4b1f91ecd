#include "listen/engine.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <dispytch/parameters.hpp>

#include "base/log.hpp"
#include "base/signal.hpp"
#include "border/error.hpp"
#include "listen/delivery.hpp"

namespace dispytch::listen {
namespace {

using std::chrono::milliseconds;

// How long a poll waits for messages; a wake ends it sooner.
constexpr milliseconds kPollTimeout{1000};
// While the broker is away: the first pause between tries, doubled up to the longest.
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{5000};
// How long a revocation may wait for the broker to take what was settled, where the broker names no deadline.
constexpr milliseconds kRevocationSync{5000};

settle::Acknowledge acknowledge_by(std::uint64_t capabilities) {
  if ((capabilities & DISPYTCH_CAN_ACK_EACH) != 0) return settle::Acknowledge::each;
  if ((capabilities & DISPYTCH_CAN_ACK_UP_TO) != 0) return settle::Acknowledge::up_to;
  return settle::Acknowledge::never;
}

std::string_view text(dispytch_bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }

std::string cut(std::string_view of, std::size_t most) {
  return of.size() <= most ? std::string{of} : std::string{of.substr(0, most)} + "… (" + std::to_string(of.size()) + " bytes)";
}

std::string list_sources(const border::Batch& batch) {
  std::string list;
  for (const dispytch_source& source : batch.sources()) {
    if (!list.empty()) list += ", ";
    list += std::string{text(source.topic)} + "[" + std::to_string(source.partition) + "]";
  }
  return list.empty() ? "nothing" : list;
}

// Says what a thrown exception was: its type and text.
std::string describe_current_exception() {
  try {
    throw;
  } catch (const std::exception& exception) {
    return detail::type_name(typeid(exception)) + ": " + exception.what();
  } catch (...) {
    return "something was thrown that is no std::exception";
  }
}

}  // namespace

void require_acknowledgement(std::uint64_t capabilities, bool at_most_once, const std::string& listener) {
  if (at_most_once || acknowledge_by(capabilities) != settle::Acknowledge::never) return;
  throw Exception{ErrorCode::config, "listener `" + listener +
                                         "`: its backend can't acknowledge messages, so what is in hand is lost with the process; write "
                                         "`delivery: at_most_once` to accept that, or use another backend"};
}

std::string to_string(const Failure& failure) {
  std::string text = failure.code == ErrorCode::decode ? "a message can't be decoded" : "handler `" + failure.handler + "` failed";
  text += " on topic `" + failure.topic + "`";
  if (!failure.position.empty()) text += ", " + failure.position;
  if (!failure.key.empty()) text += ", key \"" + failure.key + "\"";
  text += ": " + failure.reason;
  if (failure.code == ErrorCode::decode && !failure.handler.empty()) text += " (for handler `" + failure.handler + "`)";
  text += ". It is not settled: the broker delivers it again once the service runs again";
  return text;
}

Engine::Engine(std::unique_ptr<border::ConsumerHandle> consumer, std::uint64_t capabilities, route::Router router, EngineOptions options)
    : options_{std::move(options)},
      log_source_{"listener." + options_.name},
      consumer_{std::move(consumer)},
      router_{std::move(router)},
      settler_{options_.at_most_once ? settle::Acknowledge::never : acknowledge_by(capabilities), options_.span},
      announces_sources_{(capabilities & DISPYTCH_CAN_GROUPS) != 0} {}

Result<void> Engine::run(const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { consumer_->wake(); }};
  while (!stop.stop_requested()) {
    if (Result<Step> stepped = step(kPollTimeout, stop); !stepped) {
      (void)drain();  // what was finished before is settled; the first error is the one to report
      return std::move(stepped).error();
    }
  }
  return drain();
}

Result<Engine::Step> Engine::step(milliseconds timeout, const std::stop_token& stop) {
  const auto credit = static_cast<std::uint32_t>(std::min<std::size_t>(options_.batch_messages, settler_.room()));
  const std::chrono::nanoseconds before = options_.clock->monotonic();
  const Result<border::Batch> batch = consumer_->poll(credit, options_.batch_bytes, timeout);
  if (!batch) {
    if (Result<void> survived = survive(batch.error(), stop); !survived) return std::move(survived).error();
    return Step::idle;
  }
  pause_after_error_ = milliseconds{0};
  if (!*batch) {
    note_idle(before);
    return Step::idle;
  }
  counters_.idle_since_ns.store(0, std::memory_order_relaxed);
  if (batch->kind() != DISPYTCH_MESSAGES) {
    handle_event(*batch);
    return Step::event;
  }
  if (Result<void> handled = handle_batch(*batch, stop); !handled) return std::move(handled).error();
  return Step::handled;
}

// ---- messages ----

Result<void> Engine::handle_batch(const border::Batch& batch, const std::stop_token& stop) {
  Tally tally;
  const auto messages = batch.messages();
  std::size_t taken = 0;
  bool well = true;
  while (taken < messages.size() && well && !stop.stop_requested()) well = handle_message(messages[taken++], tally);
  publish(tally, taken);
  Result<void> settled = settle();
  if (!well) return Error{.code = failure_->code, .text = to_string(*failure_)};
  return settled;
}

bool Engine::handle_message(const dispytch_message& raw, Tally& tally) {
  const settle::Settler::Ticket ticket = settler_.arrive(raw);
  const Message message{raw, &consumer_->api(), consumer_->raw()};
  const route::TopicRoutes& routes = router_.routes(message.topic());
  MessageDelivery delivery{message, decoder_};

  const route::TypeRoute* route = nullptr;
  if (routes.reads_type) {
    if (!delivery.open(routes.wire)) {
      fail(ErrorCode::decode, message, {}, delivery.reason());
      return false;
    }
    route = routes.only != nullptr ? routes.only : routes.find(delivery.type());
  }

  bool dropped = false;
  if (!routes.any_type.empty() && !handle_targets(routes.any_type, delivery, dropped)) return false;
  if (route != nullptr && !handle_targets(route->targets, delivery, dropped)) return false;

  if (dropped) {
    ++tally.dropped;
  } else if (route == nullptr && routes.any_type.empty()) {
    ++tally.unhandled;
  } else {
    ++tally.handled;
  }
  settler_.finish(ticket);
  return true;
}

bool Engine::handle_targets(const std::vector<route::Target>& targets, MessageDelivery& delivery, bool& dropped) {
  for (const route::Target& target : targets) {
    const detail::Handler& handler = *target.handler->handler;
    delivery.provided = target.handler->provided.data();
    delivery.segments = target.segments.data();
    try {
      const std::optional<Outcome> outcome = handler.invoke(delivery);
      if (!outcome) {
        fail(ErrorCode::decode, delivery.message, handler.name, delivery.reason());
        return false;
      }
      if (outcome->kind() == Outcome::Kind::drop) {
        dropped = true;
        log::warning(log_source_, "handler `" + handler.name + "` dropped a message of topic `" + std::string{delivery.message.topic()} +
                                      "`: " + outcome->reason());
      }
    } catch (...) {
      fail(ErrorCode::handler, delivery.message, handler.name, describe_current_exception());
      return false;
    }
  }
  return true;
}

void Engine::fail(ErrorCode code, const Message& message, std::string handler, std::string reason) {
  Failure failure{.code = code, .topic = std::string{message.topic()}, .handler = std::move(handler), .reason = std::move(reason)};
  if (const auto partition = message.partition()) failure.position = "partition " + std::to_string(*partition);
  if (const auto offset = message.offset())
    failure.position += (failure.position.empty() ? "offset " : ", offset ") + std::to_string(*offset);
  failure.key = cut(message.key().value_or(""), 200);
  failure.payload = cut(message.payload().value_or(""), 2000);
  failure_ = std::move(failure);
}

Result<void> Engine::settle() {
  const auto& settlements = settler_.collect();
  if (settlements.empty()) return {};
  dispytch_error error = border::empty_error();
  const dispytch_status status = consumer_->settle(settlements, error);
  settler_.handed_over();
  if (status == DISPYTCH_EFENCED) {  // somebody else has them by now and handles them again: at least once
    log::warning(log_source_, "messages were handled that the broker has given to another member meanwhile; they will be handled twice");
    return {};
  }
  if (status < 0) return to_error(status, error);
  return {};
}

void Engine::publish(const Tally& tally, std::uint64_t received) {
  const auto add = [](std::atomic<std::uint64_t>& counter, std::uint64_t by) {  // one writer: no read-modify-write needed
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  };
  add(counters_.received, received);
  add(counters_.handled, tally.handled);
  add(counters_.unhandled, tally.unhandled);
  add(counters_.dropped, tally.dropped);
}

// ---- events ----

void Engine::handle_event(const border::Batch& batch) {
  const dispytch_batch& event = batch.raw();
  const std::string why{text(event.text)};
  switch (event.kind) {
    case DISPYTCH_ASSIGNED:
      announces_sources_ = true;
      assigned_ += batch.sources().size();
      announce("assigned: " + list_sources(batch));
      break;
    case DISPYTCH_REVOKING: {
      // Everything in hand is finished: with one worker an event is never polled while a handler runs.
      if (const Result<void> settled = settle(); !settled) log::error(log_source_, settled.error().text);
      const milliseconds patience = event.deadline_ms > 0 ? milliseconds{event.deadline_ms / 2} : kRevocationSync;
      if (const Result<void> synced = consumer_->sync(patience); !synced) {
        log::warning(log_source_,
                     "the broker didn't take all of what was settled before a revocation; some messages will be handled twice: " +
                         synced.error().text);
      }
      forget_sources(batch);
      announce("revoked: " + list_sources(batch));
      break;
    }
    case DISPYTCH_LOST:
      if (batch.sources().empty() && batch.tokens().empty()) {
        settler_.forget_all();
        assigned_ = 0;
        log::warning(log_source_, "lost everything: " + why);
      } else {
        forget_sources(batch);
        log::warning(log_source_, "lost: " + list_sources(batch) + (why.empty() ? "" : ": " + why));
      }
      break;
    case DISPYTCH_DOWN:
      down_ = true;
      log::warning(log_source_, "the broker can't be reached: " + why);
      break;
    case DISPYTCH_UP:
      down_ = false;
      log::info(log_source_, "the broker can be reached again");
      break;
    default:
      log::warning(log_source_, "the plugin reported an event of the unknown kind " + std::to_string(event.kind) + "; it was passed over");
  }
  confirm(event.event_token);
}

void Engine::forget_sources(const border::Batch& batch) {
  for (const dispytch_source& source : batch.sources()) settler_.forget(source.source);
  assigned_ -= std::min(assigned_, batch.sources().size());
}

// Lets the broker go on after an event: an assignment is delivered, a revoked source given to the next.
void Engine::confirm(std::uint64_t event_token) {
  if (event_token == 0) return;
  const dispytch_settlement confirmed{event_token, DISPYTCH_ACK, 0};
  dispytch_error error = border::empty_error();
  const dispytch_status status = consumer_->settle({&confirmed, 1}, error);
  if (status < 0 && status != DISPYTCH_EFENCED) log::error(log_source_, to_error(status, error).text);
}

Error Engine::to_error(dispytch_status status, const dispytch_error& error) const {
  return border::to_error(status, error, consumer_->adapter().library().id(), "settling messages");
}

void Engine::announce(std::string_view text) const { log::write(options_.quiet ? log::Level::debug : log::Level::info, log_source_, text); }

void Engine::note_idle(std::chrono::nanoseconds since) {
  if (down_ || (announces_sources_ && assigned_ == 0)) return;
  if (counters_.idle_since_ns.load(std::memory_order_relaxed) == 0) {
    counters_.idle_since_ns.store(since.count(), std::memory_order_relaxed);
  }
}

// A poll failed. What may pass is waited out; what can't ends the listener.
Result<void> Engine::survive(Error error, const std::stop_token& stop) {
  if (error.fatal || !(error.retriable || error.code == ErrorCode::unavailable)) return error;
  counters_.idle_since_ns.store(0, std::memory_order_relaxed);
  pause_after_error_ = pause_after_error_ == milliseconds{0} ? kFirstPause : std::min(pause_after_error_ * 2, kLongestPause);
  log::warning(log_source_, error.text + "; trying again in " + std::to_string(pause_after_error_.count()) + " ms");
  Signal stopped;
  const std::stop_callback set{stop, [&stopped] { stopped.set(); }};
  stopped.wait(pause_after_error_);
  return {};
}

Result<void> Engine::drain() {
  draining_.store(true, std::memory_order_relaxed);
  Result<void> result = settle();
  if (Result<void> synced = consumer_->sync(options_.drain); !synced && result) {
    result = Error{.code = synced.error().code, .text = "the broker didn't take all of what was settled: " + synced.error().text};
  }
  if (Result<void> closed = consumer_->close(border::kCloseTimeout); !closed && result) result = std::move(closed);
  announce("stopped: " + std::to_string(counters_.handled.load()) + " handled, " + std::to_string(counters_.unhandled.load()) +
           " unhandled, " + std::to_string(counters_.dropped.load()) + " dropped");
  return result;
}

}  // namespace dispytch::listen
