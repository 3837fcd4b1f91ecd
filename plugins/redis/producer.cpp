#include "producer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "entry_id.hpp"
#include "errors.hpp"

namespace dispytch::redis {
namespace {

using plugin::Error;
using plugin::Level;
using plugin::Status;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Clock = Connection::Clock;

constexpr milliseconds kDefaultTimeout{30'000};
constexpr milliseconds kShortestRefusalPause{100}, kLongestRefusalPause{1'000};
constexpr std::size_t kMostUnwritten = 1 << 20;  // what waits for the socket; the rest waits in the window
constexpr std::size_t kMostInFlight = 10'000;

nanoseconds since_epoch(Clock::time_point time) { return time.time_since_epoch(); }

}  // namespace

Producer::Producer(const Server& server, const plugin::Config& options, plugin::Notify notify)
    : server_{server},
      options_{options.at("config"), server.config},
      notify_{notify},
      timeout_{std::max(milliseconds{1}, options.get("timeout_ms", kDefaultTimeout))},
      window_{{.messages = options_.max_messages, .bytes = options_.max_bytes}},
      outage_{server, "an emitter"},
      pause_{kShortestRefusalPause, kLongestRefusalPause},
      connection_{{.options = &server.options,
                   .client_name = server.client_name("emitter"),
                   .on_up = [this] { on_up(); },
                   .on_down = [this](const Error& why) { on_down(why); }}} {
  worker_.start({&connection_}, [this](Connection::Time now) { return step(now); });
}

Producer::~Producer() { worker_.stop(); }

Status Producer::close(milliseconds) {
  worker_.stop();
  return {};
}

std::uint32_t Producer::lane_of(std::string_view topic) {
  const auto found = lanes_.find(topic);
  if (found != lanes_.end()) return found->second;
  return lanes_.emplace(topic, static_cast<std::uint32_t>(lanes_.size())).first->second;
}

plugin::Accepted Producer::send(plugin::Strided<const plugin::MessageView> messages) {
  const nanoseconds deadline = since_epoch(Clock::now() + timeout_);
  const plugin::Lock lock{mutex_};
  if (hopeless_) return {0, *hopeless_};
  std::size_t taken = 0;
  plugin::Accepted result;
  for (const plugin::MessageView& message : messages) {
    const std::size_t size = Layout::size_of(message.raw());
    if (size > options_.max_message_bytes) {
      result.status = Error{.code = DISPYTCH_ETOOBIG,
                            .text = "a message of " + std::to_string(size) + " bytes for stream `" + std::string{message.topic()} +
                                    "` is larger than `max_message_bytes` (" + std::to_string(options_.max_message_bytes) + ") allows"};
      break;
    }
    if (!window_.has_room(size)) break;
    std::string command;
    command.reserve(size + 128);
    server_.layout.write(command, message.raw(), server_.options.declare_missing, server_.options.max_length);
    window_.accept(
        {.token = message.token(), .lane = lane_of(message.topic()), .bytes = size, .deadline = deadline, .message = std::move(command)});
    ++taken;
  }
  result.count = taken;
  if (taken > 0 && std::exchange(asleep_, false)) worker_.wake();
  return result;
}

std::size_t Producer::reports(plugin::Strided<plugin::Report> out) {
  const plugin::Lock lock{mutex_};
  texts_.clear();
  const std::size_t count = std::min(out.size(), outcomes_.size());
  for (std::size_t i = 0; i < count; ++i) {
    Outcome& outcome = outcomes_.front();
    plugin::Report report{};
    report.token = outcome.token;
    report.code = outcome.code;
    report.flags = outcome.flags;
    if (outcome.offset) {
      report.offset = *outcome.offset;
      report.flags |= DISPYTCH_REPORT_OFFSET;
    }
    if (!outcome.text.empty()) report.text = plugin::bytes(texts_.emplace_back(std::move(outcome.text)));
    out.set(i, report);
    outcomes_.pop_front();
  }
  return count;
}

Status Producer::flush(milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  const plugin::Lock lock{mutex_};
  const Window::Position end = window_.end();
  while (!window_.empty() && window_.oldest() < end) {
    if (!changed_.wait_until(mutex_, deadline)) {
      if (!window_.empty() && window_.oldest() < end) return Status::timeout();
    }
  }
  return {};
}

// ---- on the worker's thread ----

Connection::Time Producer::step(Connection::Time now) {
  const plugin::Lock lock{mutex_};
  window_.expire(since_epoch(now), ended_);
  if (!ended_.empty()) tell_ended(timed_out());
  Connection::Time next = Connection::Time::max();
  asleep_ = true;
  if (connection_.is_up()) {
    if (window_.is_held_back()) {
      if (now >= resume_at_ && window_.resume()) {
        refused_.clear();
      } else if (now < resume_at_) {
        next = resume_at_;
      }
    }
    while (connection_.unwritten() < kMostUnwritten && window_.in_flight() < kMostInFlight) {
      const auto position = window_.next();
      if (!position) break;
      connection_.send(window_.at(*position), [this, at = *position](Reply reply) { on_reply(at, reply); });
      window_.sent(*position);
    }
  }
  if (const auto deadline = window_.next_deadline()) next = std::min(next, Connection::Time{*deadline});
  tell();
  return next;
}

void Producer::on_up() {
  const plugin::Lock lock{mutex_};
  was_up_ = true;
  hopeless_.reset();
  if (outage_.ends() && connection_.may_have_late_bytes()) {
    window_.give_up_uncertain(ended_);
    if (!ended_.empty()) {
      tell_ended(
          {.code = DISPYTCH_EUNAVAILABLE,
           .text = "the connection to Redis at " + server_.name() +
                   " broke while the message was on its way, and it may not be sent again: the user may not run CLIENT KILL, CLIENT ID or "
                   "INFO, by which the old connection is ended first",
           .retriable = true});
    }
  }
}

void Producer::on_down(const Error& why) {
  const plugin::Lock lock{mutex_};
  outage_.begins(why);
  server_.metrics.resends.record(static_cast<double>(window_.in_flight()));
  window_.broken();
  // Before the first login a refusal is a mistake of the config. Later it is a server that is being changed.
  if (!was_up_ && !why.retriable) {
    hopeless_ = why;
    window_.fail_waiting(ended_);
    tell_ended(why);
  }
  tell();
}

void Producer::on_reply(Window::Position position, const Reply& reply) {
  if (!reply) return;  // the connection broke: on_down() follows
  const plugin::Lock lock{mutex_};
  if (is_error(*reply)) {
    const Error error = error_of(text(*reply), "adding to stream `" + topic_of(position) + "`", server_.name());
    if (error.retriable) {
      if (refused_ != error.text) server_.host.log(Level::warning, error.text);
      refused_ = error.text;
      window_.refused(position);
      resume_at_ = Clock::now() + pause_.next();
      return;
    }
    window_.failed(position, ended_);
    tell_ended(error);
    return;
  }
  if (is_nil(*reply)) {
    const Error missing{.code = DISPYTCH_ENOTFOUND,
                        .text = "there is no stream `" + topic_of(position) + "` at " + server_.name() +
                                "; make it by `dispytch declare`, or set `declare: missing`"};
    window_.failed(position, ended_);
    tell_ended(missing);
    return;
  }
  pause_.reset();
  const std::size_t before = outcomes_.size();
  window_.confirmed(position, ended_);
  tell_ended({.code = DISPYTCH_EUNAVAILABLE, .text = refused_, .retriable = true});
  if (outcomes_.size() > before && outcomes_[before].code == DISPYTCH_OK) {
    if (const auto id = EntryId::parse(text(*reply))) outcomes_[before].offset = id->offset();
  }
}

// Turns what has ended into reports. `why` is of those that were not confirmed.
void Producer::tell_ended(const Error& why) {
  for (Window::Ended& each : ended_) {
    Outcome& outcome = outcomes_.emplace_back();
    outcome.token = each.token;
    if (each.outcome == Window::Outcome::confirmed) continue;
    outcome.code = why.code;
    outcome.flags = plugin::flag(why.retriable, DISPYTCH_ERROR_RETRIABLE) | plugin::flag(each.maybe_sent, DISPYTCH_ERROR_MAYBE_SENT);
    outcome.text = why.text;
    if (each.outcome == Window::Outcome::overtaken)
      outcome.text += "; it is not sent again, since a later message of the stream was stored";
  }
  if (!ended_.empty()) has_news_ = true;
  ended_.clear();
}

void Producer::tell() {
  if (std::exchange(has_news_, false)) {
    changed_.notify_all();
    notify_();
  }
}

const std::string& Producer::topic_of(Window::Position position) {
  static const std::string kUnknown;
  const std::uint32_t lane = window_.lane(position);
  for (const auto& [topic, its_lane] : lanes_) {
    if (its_lane == lane) return topic;
  }
  return kUnknown;
}

Error Producer::timed_out() const {
  std::string text = "Redis at " + server_.name() + " confirmed no message within " + std::to_string(timeout_.count()) + " ms";
  if (outage_.is_down()) {
    text += "; " + outage_.text();
  } else if (!refused_.empty()) {
    text += "; " + refused_;
  }
  return {.code = DISPYTCH_EUNAVAILABLE, .text = std::move(text), .retriable = true};
}

}  // namespace dispytch::redis
