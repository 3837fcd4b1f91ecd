#include "emit/emitter_core.hpp"

#include <cstdint>
#include <utility>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "border/error.hpp"
#include "codec/json_codec.hpp"
#include "codec/uuid.hpp"
#include "text/bytes.hpp"

namespace dispytch::detail {
namespace {

using emit::Pending;
using emit::PendingPool;

// How many reports are taken at a time: enough that a call's cost disappears, little enough to lie in the cache.
constexpr std::size_t kReportsAtATime = 256;
// A plugin must notify; should one forget, its reports are taken this late.
constexpr std::chrono::milliseconds kLongestNap{200};

// The emitter whose reports this thread is answering: what it waits for there would never come.
thread_local const EmitterCore* answering = nullptr;

// The buffers that a thread encodes into: kept, so that an emit allocates nothing once they have grown.
struct Scratch {
  std::string payload;
  std::string key;
  std::string topic;
  std::vector<dispytch_header> headers;
};
Scratch& scratch() {
  thread_local Scratch buffers;
  buffers.payload.clear();
  buffers.key.clear();
  buffers.topic.clear();
  buffers.headers.clear();
  return buffers;
}

// An event's message as middleware sees it.
OutgoingMessage owned(const dispytch_message& message) {
  const auto text = [](dispytch_bytes of) { return std::string{text::view(of)}; };
  OutgoingMessage copy{.topic = text(message.topic), .payload = text(message.payload)};
  if (message.key.data != nullptr) copy.key = text(message.key);
  for (std::uint32_t i = 0; i < message.n_headers; ++i) {
    const dispytch_bytes value = message.headers[i].value;
    copy.headers.emplace_back(text(message.headers[i].key), value.data == nullptr ? std::nullopt : std::optional{text(value)});
  }
  if (message.id.data != nullptr) copy.id = text(message.id);
  return copy;
}

// The first millisecond of 1970 goes as the second, to every broker: for some clients 0 means now.
constexpr std::int64_t kFirstTime = 1;

Error before_1970(std::int64_t timestamp_ms) {
  return {.code = ErrorCode::invalid,
          .text = "a message has the timestamp " + std::to_string(timestamp_ms) +
                  " ms, but none before 1970 is carried: leave it out for the broker's own, or say one from 0 on"};
}

// Where a thread waits for the answer to its own emit. One for each thread: it can't wait for two.
struct Waiter {
  Mutex mutex;
  Condition answered;
  std::optional<Result<Receipt>> result DISPYTCH_GUARDED_BY(mutex);
};

std::string text_of(const dispytch_report& report) {
  if (report.text.len == 0) return "the broker's client gave no reason (its code is " + std::to_string(report.broker_code) + ")";
  return std::string{text::view(report.text)};
}

Error error_of(const dispytch_report& report) {
  return {.code = border::error_code(report.code),
          .text = text_of(report),
          .retriable = (report.flags & DISPYTCH_ERROR_RETRIABLE) != 0,
          .maybe_sent = (report.flags & DISPYTCH_ERROR_MAYBE_SENT) != 0,
          .fatal = (report.flags & DISPYTCH_ERROR_FATAL) != 0,
          .broker_code = report.broker_code};
}

}  // namespace

std::shared_ptr<EmitterCore> EmitterCore::make(std::unique_ptr<border::ProducerHandle> producer, emit::CoreOptions options) {
  return {new EmitterCore{std::move(producer), std::move(options)}, [](EmitterCore* core) {
            if (!core->on_pump()) {
              delete core;
              return;
            }
            // The pump can't wait for its own end. Leaving the emitter behind loses nothing: the client goes on sending what it has.
            log::error(core->log_source_,
                       "the last handle of the emitter was dropped inside one of its callbacks; it is left open until the process ends");
          }};
}

EmitterCore::EmitterCore(std::unique_ptr<border::ProducerHandle> producer, emit::CoreOptions options)
    : options_{std::move(options)},
      log_source_{"emitter." + options_.name},
      middleware_{options_.name, options_.middleware},
      producer_{std::move(producer)},
      reports_(kReportsAtATime) {
  producer_->set_notify([this] {
    reports_ready_.set();
    room_.set();
  });
  if (options_.pumping == emit::Pumping::thread) {
    pump_ = std::jthread{[this](std::stop_token stop) { pump(std::move(stop)); }};
  }
}

EmitterCore::~EmitterCore() {
  if (!hurried_.load(std::memory_order_relaxed)) {
    if (const Result<void> flushed = flush(options_.timeout); !flushed) log::error(log_source_, flushed.error().text);
  }
  if (pump_.joinable()) {
    pump_.request_stop();
    reports_ready_.set();
    pump_.join();
  }
  while (serve() > 0) {}
  if (const Result<void> closed = producer_->close(options_.timeout); !closed) log::error(log_source_, closed.error().text);

  std::vector<Pending*> left;
  PendingPool::instance().for_each_of(this, [&](Pending& pending) { left.push_back(&pending); });
  if (!left.empty()) {
    log::error(log_source_, std::to_string(left.size()) +
                                " messages had no answer from the broker when the emitter was closed; they may have been sent");
  }
  for (Pending* pending : left) {
    Done done = std::exchange(pending->done, nullptr);
    pending->owner.store(nullptr, std::memory_order_relaxed);
    PendingPool::instance().put_back_one(pending);
    call(done, Error{.code = ErrorCode::closed, .text = "the emitter was closed before the broker's answer", .maybe_sent = true});
  }
}

// ---- emitting ----

Result<Receipt> EmitterCore::emit_and_wait(const EventType& type, const void* body, const EmitOptions& options) {
  return wait_for([&](Pending& pending) { return send_event(type, body, options, pending); });
}

Result<Receipt> EmitterCore::emit_and_wait(const OutgoingMessage& message) {
  return wait_for(
      [&](Pending& pending) { return middleware_.empty() ? send_message(message, pending) : pass_middleware(message, pending); });
}

void EmitterCore::emit_later(const EventType& type, const void* body, const EmitOptions& options, Done done) {
  Pending& pending = *PendingPool::instance().take();
  pending.done = std::move(done);
  if (const Result<void> sent = send_event(type, body, options, pending); !sent) refuse(pending, sent.error());
}

void EmitterCore::emit_later(const OutgoingMessage& message, Done done) {
  Pending& pending = *PendingPool::instance().take();
  pending.done = std::move(done);
  const Result<void> sent = middleware_.empty() ? send_message(message, pending) : pass_middleware(message, pending);
  if (!sent) refuse(pending, sent.error());
}

void EmitterCore::emit_now(const OutgoingMessage& message, Done done) {
  Pending& pending = *PendingPool::instance().take();
  pending.done = std::move(done);
  if (const Result<void> sent = send_message(message, pending, Full::fails); !sent) refuse(pending, sent.error());
}

void EmitterCore::refuse(Pending& pending, const Error& error) {
  failed_.fetch_add(1, std::memory_order_relaxed);
  Done done = std::exchange(pending.done, nullptr);
  PendingPool::instance().put_back_one(&pending);
  call(done, error);
}

template <class Send>
Result<Receipt> EmitterCore::wait_for(Send send) {
  if (Result<void> allowed = refuse_on_pump("emit and wait"); !allowed) return std::move(allowed).error();
  thread_local Waiter waiter;
  {
    const Lock lock{waiter.mutex};
    waiter.result.reset();
  }
  Pending& pending = *PendingPool::instance().take();
  pending.done = [to = &waiter](const Result<Receipt>& result) {
    const Lock lock{to->mutex};
    to->result = result;
    to->answered.notify_one();
  };
  if (Result<void> sent = send(pending); !sent) {
    pending.done = nullptr;
    PendingPool::instance().put_back_one(&pending);
    return std::move(sent).error();
  }
  // No time limit of its own: the client's delivery timeout ends every message with a report.
  UniqueLock lock{waiter.mutex};
  while (!waiter.result) {
    if (waiter.answered.wait_for(waiter.mutex, kLongestNap) || options_.pumping != emit::Pumping::inline_) continue;
    lock.unlock();
    serve();
    lock.lock();
  }
  return std::move(*waiter.result);
}

Error EmitterCore::to_error(dispytch_status status, const dispytch_error& error) const {
  return border::to_error(status, error, producer_->adapter().library().id(), "sending a message");
}

// A backend that can't tell an absent value from an empty one gets an empty one.
dispytch_bytes EmitterCore::header_value(const std::optional<std::string>& value) const noexcept {
  if (value) return text::bytes(*value);
  return producer_->can(DISPYTCH_CAN_NULL_HEADERS) ? dispytch_bytes{} : text::bytes("");
}

const WireForm& EmitterCore::wire_of(const EventType& type, std::string_view topic) const {
  if (type.wire != nullptr) return *type.wire;
  const WireForm* configured = topic_wires_.find(topic);
  return configured == nullptr ? options_.wire : *configured;
}

Result<void> EmitterCore::send_event(const EventType& type, const void* body, const EmitOptions& options, Pending& pending) {
  Scratch& buffers = scratch();
  std::string_view topic = type.topic;
  if (options.topic) {
    topic = *options.topic;
  } else if (!type.topic_parts.empty()) {
    if (Result<void> written = codec::write_topic(type, body, buffers.topic); !written) return written;
    topic = buffers.topic;
  }
  const WireForm& wire = wire_of(type, topic);

  const std::int64_t now = options_.clock->unix_ms();
  codec::Uuid uuid;
  codec::EventMeta meta{.id = {}, .type = type.type, .timestamp_ms = now};
  if (options.id) {
    meta.id = *options.id;
  } else if (wire.layout == WireForm::Layout::envelope) {
    uuid = codec::make_uuid(now);
    meta.id = uuid.view();
  }
  if (Result<void> encoded = codec::encode(type, body, meta, wire, buffers.payload); !encoded) return encoded;

  dispytch_message message{};
  message.topic = text::bytes(topic);
  message.payload = text::bytes(buffers.payload);
  if (!meta.id.empty() && producer_->takes_id()) message.id = text::bytes(meta.id);
  if (options.key) {
    message.key = text::bytes(*options.key);
  } else if (codec::write_key(type, body, buffers.key)) {
    message.key = text::bytes(buffers.key);
  }
  for (const auto& [name, value] : options.headers) buffers.headers.push_back({text::bytes(name), header_value(value)});
  if (wire.type_from == WireForm::TypeFrom::header) buffers.headers.push_back({text::bytes(wire.name), text::bytes(type.type)});
  message.headers = buffers.headers.empty() ? nullptr : buffers.headers.data();
  message.n_headers = static_cast<std::uint32_t>(buffers.headers.size());
  return middleware_.empty() ? send(message, pending) : pass_middleware(owned(message), pending);
}

Result<void> EmitterCore::pass_middleware(OutgoingMessage message, Pending& pending) {
  return middleware_.pass(message, [&](const OutgoingMessage& changed) { return send_message(changed, pending); });
}

Result<void> EmitterCore::send_message(const OutgoingMessage& outgoing, Pending& pending, Full full) {
  Scratch& buffers = scratch();
  dispytch_message message{};
  message.topic = text::bytes(outgoing.topic);
  if (outgoing.payload) message.payload = text::bytes(*outgoing.payload);
  if (outgoing.key) message.key = text::bytes(*outgoing.key);
  if (outgoing.id && producer_->takes_id()) message.id = text::bytes(*outgoing.id);
  for (const auto& [name, value] : outgoing.headers) buffers.headers.push_back({text::bytes(name), header_value(value)});
  message.headers = buffers.headers.empty() ? nullptr : buffers.headers.data();
  message.n_headers = static_cast<std::uint32_t>(buffers.headers.size());
  if (outgoing.partition) {
    message.flags |= DISPYTCH_MSG_PARTITION;
    message.partition = *outgoing.partition;
  }
  if (outgoing.timestamp) {
    message.flags |= DISPYTCH_MSG_TIMESTAMP;
    message.timestamp_ms = outgoing.timestamp->time_since_epoch().count();
    if (message.timestamp_ms < 0) return before_1970(message.timestamp_ms);
    if (message.timestamp_ms == 0) message.timestamp_ms = kFirstTime;
  }
  return send(message, pending, full);
}

Result<void> EmitterCore::send(dispytch_message& message, Pending& pending, Full full) {
  message.token = reinterpret_cast<std::uintptr_t>(&pending);
  pending.owner.store(this, std::memory_order_relaxed);  // before send: its report may be answered before send returns
  std::uint32_t accepted = 0;
  dispytch_error error = border::empty_error();
  const dispytch_status status = producer_->send({&message, 1}, accepted, error);
  if (accepted == 1) {
    if (options_.pumping == emit::Pumping::inline_) serve();
    return {};
  }
  if (status == DISPYTCH_AGAIN && full == Full::waits) return wait_for_room(message, pending);
  if (status == DISPYTCH_AGAIN) {
    pending.owner.store(nullptr, std::memory_order_relaxed);
    return Error{.code = ErrorCode::full, .text = "the emitter's local queue is full", .retriable = true};
  }
  pending.owner.store(nullptr, std::memory_order_relaxed);
  return to_error(status, error);
}

// The local queue is full: back-pressure. Tries again whenever the plugin says that there may be room, at most for the emitter's timeout.
Result<void> EmitterCore::wait_for_room(dispytch_message& message, Pending& pending) {
  constexpr std::chrono::milliseconds kRetry{10};  // several threads may wait for one notice
  const auto give_up = [&](Error error) -> Result<void> {
    pending.owner.store(nullptr, std::memory_order_relaxed);
    return error;
  };
  if (on_pump()) {
    return give_up({.code = ErrorCode::full,
                    .text = "the emitter's local queue is full, and a callback of the emitter can't wait for room",
                    .retriable = true});
  }
  const auto deadline = options_.clock->monotonic() + options_.timeout;
  while (true) {
    if (options_.pumping == emit::Pumping::inline_ && serve() == 0) {
      return give_up({.code = ErrorCode::full, .text = "the backend is full and nothing takes messages from it", .retriable = true});
    }
    if (options_.pumping == emit::Pumping::thread) room_.wait(kRetry);
    std::uint32_t accepted = 0;
    dispytch_error error = border::empty_error();
    const dispytch_status status = producer_->send({&message, 1}, accepted, error);
    if (accepted == 1) {
      if (options_.pumping == emit::Pumping::inline_) serve();
      return {};
    }
    if (status != DISPYTCH_AGAIN) return give_up(to_error(status, error));
    if (options_.clock->monotonic() >= deadline) {
      return give_up({.code = ErrorCode::full,
                      .text = "the emitter's local queue was full for " + std::to_string(options_.timeout.count()) +
                              " ms; the broker takes messages more slowly than they are emitted, or not at all",
                      .retriable = true});
    }
  }
}

// ---- answers ----

bool EmitterCore::on_pump() const noexcept { return answering == this; }

Result<void> EmitterCore::refuse_on_pump(std::string_view what) const {
  if (!on_pump()) return {};
  return Error{.code = ErrorCode::invalid,
               .text = "a callback of emitter `" + options_.name + "` can't " + std::string{what} +
                       ": it would wait for itself; emit with a callback there, or flush from another thread"};
}

void EmitterCore::pump(std::stop_token stop) {
  block_signals_in_this_thread();
  while (!stop.stop_requested()) {
    std::uint64_t asked = 0;
    {
      const Lock lock{swept_mutex_};
      asked = sweeps_asked_;
    }
    while (serve() > 0) {}
    {
      const Lock lock{swept_mutex_};
      sweeps_done_ = asked;
      if (sweeps_done_ != sweeps_asked_) continue;
    }
    swept_.notify_all();
    reports_ready_.wait(kLongestNap);
  }
}

std::size_t EmitterCore::serve() {
  if (on_pump()) return 0;  // a callback that emits inline: the call below it goes on
  const Lock lock{serving_};
  answering = this;
  std::uint32_t count = 0;
  if (const dispytch_status status = producer_->reports(reports_, count); status < 0 && !broken_) {
    broken_ = true;
    log::error(log_source_, "the plugin can report no more (status " + std::to_string(status) +
                                "); what is under way is answered when the emitter is closed");
  }
  Pending* chain = nullptr;
  for (std::uint32_t i = 0; i < count; ++i) {
    const dispytch_report& report = reports_[i];
    if (report.token == 0) {
      log::warning(log_source_, text_of(report));
      continue;
    }
    Pending& pending = *reinterpret_cast<Pending*>(static_cast<std::uintptr_t>(report.token));
    answer(pending, report);
    pending.next = std::exchange(chain, &pending);
  }
  PendingPool::instance().put_back(chain);
  answering = nullptr;
  if (count > 0) room_.set();
  return count;
}

void EmitterCore::answer(Pending& pending, const dispytch_report& report) {
  Done done = std::exchange(pending.done, nullptr);
  pending.owner.store(nullptr, std::memory_order_relaxed);
  if (report.code >= 0) {
    Receipt receipt;
    if ((report.flags & DISPYTCH_REPORT_PARTITION) != 0) receipt.partition = report.partition;
    if ((report.flags & DISPYTCH_REPORT_OFFSET) != 0) receipt.offset = report.offset;
    call(done, receipt);
  } else {
    failed_.fetch_add(1, std::memory_order_relaxed);
    call(done, error_of(report));
  }
}

void EmitterCore::help() {
  if (options_.pumping == emit::Pumping::inline_) serve();
}

std::size_t EmitterCore::unanswered() const {
  std::size_t count = 0;
  PendingPool::instance().for_each_of(this, [&](const Pending&) { ++count; });
  return count;
}

void EmitterCore::call(Done& done, const Result<Receipt>& result) noexcept {
  try {
    if (done) done(result);
  } catch (const std::exception& exception) {
    const auto times = failed_callbacks_.fetch_add(1, std::memory_order_relaxed) + 1;
    log::error(log_source_, "an emit callback threw (" + std::to_string(times) + " so far): " + exception.what());
  } catch (...) {
    const auto times = failed_callbacks_.fetch_add(1, std::memory_order_relaxed) + 1;
    log::error(log_source_, "an emit callback threw something that is no std::exception (" + std::to_string(times) + " so far)");
  }
}

Result<void> EmitterCore::flush(std::chrono::milliseconds timeout) {
  if (Result<void> allowed = refuse_on_pump("flush"); !allowed) return allowed;
  const auto deadline = options_.clock->monotonic() + timeout;
  // The plugin says when the reports are there; they count only once their callbacks have run, so the pump goes through them once more.
  if (options_.pumping == emit::Pumping::inline_) {
    while (serve() > 0) {}
    return producer_->flush(timeout);
  }
  if (Result<void> flushed = producer_->flush(timeout); !flushed) {
    if (flushed.error().code != ErrorCode::timeout) return flushed;
    return Error{.code = ErrorCode::timeout,
                 .text = "the broker had not answered for " + std::to_string(unanswered()) + " messages of emitter `" + options_.name +
                         "` after " + std::to_string(timeout.count()) + " ms",
                 .retriable = true,
                 .maybe_sent = true};
  }
  const Lock lock{swept_mutex_};
  const std::uint64_t mine = ++sweeps_asked_;
  reports_ready_.set();
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - options_.clock->monotonic());
  const auto give_up = std::chrono::steady_clock::now() + std::max(left, std::chrono::milliseconds{1});
  while (sweeps_done_ < mine && swept_.wait_until(swept_mutex_, give_up)) {}
  if (sweeps_done_ < mine) {
    return Error{.code = ErrorCode::timeout,
                 .text = "callbacks of emitter `" + options_.name + "` were still running after " + std::to_string(timeout.count()) + " ms",
                 .retriable = true,
                 .maybe_sent = true};
  }
  return {};
}

}  // namespace dispytch::detail
