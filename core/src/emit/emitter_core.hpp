// What all copies of an EventEmitter share: the producer, the encoding, the pump.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <dispytch/emitter.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/signal.hpp"
#include "border/producer_handle.hpp"
#include "emit/chain.hpp"
#include "emit/pending.hpp"
#include "topic/wire_forms.hpp"

namespace dispytch::emit {

/// Who takes the reports of what was sent.
enum class Pumping : std::uint8_t {
  thread,   ///< a thread of the emitter's own
  inline_,  ///< the emitting thread, after each send: for tests on a virtual clock over a backend that confirms inside send
};

struct CoreOptions {
  std::string name = "emitter";
  std::chrono::milliseconds timeout{30'000};
  WireForm wire = {};
  std::map<std::string, WireForm> topic_wire = {};
  std::vector<EmitMiddleware> middleware = {};
  Pumping pumping = Pumping::thread;
  const Clock* clock = &system_clock();
};

}  // namespace dispytch::emit

namespace dispytch::detail {

/// One producer and its pump. All functions any thread; close by destruction.
class EmitterCore {
 public:
  using Done = EventEmitter::Done;

  /// Use make(): the last handle may be dropped on the pump itself.
  EmitterCore(std::unique_ptr<border::ProducerHandle> producer, emit::CoreOptions options);
  static std::shared_ptr<EmitterCore> make(std::unique_ptr<border::ProducerHandle> producer, emit::CoreOptions options);
  /// Flushes, at most for the emitter's timeout, then closes. What is still out then is answered as "maybe sent".
  ~EmitterCore();
  EmitterCore(const EmitterCore&) = delete;
  EmitterCore& operator=(const EmitterCore&) = delete;

  Result<Receipt> emit_and_wait(const EventType& type, const void* body, const EmitOptions& options);
  void emit_later(const EventType& type, const void* body, const EmitOptions& options, Done done);
  Result<Receipt> emit_and_wait(const OutgoingMessage& message);
  void emit_later(const OutgoingMessage& message, Done done);
  /// As emit_later, past all middleware, and never blocks: a full local queue is an error at once (ErrorCode::full, retriable).
  void emit_now(const OutgoingMessage& message, Done done);
  Result<void> flush(std::chrono::milliseconds timeout);
  /// An Error where the calling thread must not wait for answers: it is the pump, which brings them. `what` it wants to do is for the text.
  Result<void> may_wait(std::string_view what) const { return refuse_on_pump(what); }
  /// Takes the reports that are there, where no thread of its own does that (Pumping::inline_).
  void help();

  /// The backend that its messages reach.
  const border::Adapter& backend() const noexcept { return producer_->adapter(); }

  /// Returns the backend that it emits to.
  border::Adapter& adapter() const noexcept { return producer_->adapter(); }

  /// How many emits have ended with an error so far, and how many have no answer yet. The second is a look at what changes meanwhile.
  std::uint64_t failed() const noexcept { return failed_.load(std::memory_order_relaxed); }
  std::size_t unanswered() const;
  /// Closing waits no more for what is unanswered: the process has no time left.
  void hurry() noexcept { hurried_.store(true, std::memory_order_relaxed); }

 private:
  template <class Send>
  Result<Receipt> wait_for(Send send);

  // Each hands the message to the plugin with `pending` as its token, or fails; then the token is not used.
  Result<void> send_event(const EventType& type, const void* body, const EmitOptions& options, emit::Pending& pending);
  Result<void> pass_middleware(OutgoingMessage message, emit::Pending& pending);
  enum class Full : std::uint8_t { waits, fails };
  Result<void> send_message(const OutgoingMessage& message, emit::Pending& pending, Full full = Full::waits);
  Result<void> send(dispytch_message& message, emit::Pending& pending, Full full = Full::waits);
  Result<void> wait_for_room(dispytch_message& message, emit::Pending& pending);

  Error to_error(dispytch_status status, const dispytch_error& error) const;
  dispytch_bytes header_value(const std::optional<std::string>& value) const noexcept;
  const WireForm& wire_of(const EventType& type, std::string_view topic) const;
  bool on_pump() const noexcept;
  Result<void> refuse_on_pump(std::string_view what) const;

  void pump(std::stop_token stop);
  std::size_t serve();  // takes and answers the reports that are there
  void answer(emit::Pending& pending, const dispytch_report& report);
  void refuse(emit::Pending& pending, const Error& error);  // the answer to what was never sent
  void call(Done& done, const Result<Receipt>& result) noexcept;

  const emit::CoreOptions options_;
  const topic::WireForms topic_wires_{options_.topic_wire};
  const std::string log_source_;
  const emit::Chain middleware_;
  const std::unique_ptr<border::ProducerHandle> producer_;
  Signal reports_ready_;  // set by the plugin: reports are there
  Signal room_;           // set by the plugin and by the pump: there may be room in the local queue

  Mutex serving_;  // one call of reports at a time
  std::vector<dispytch_report> reports_ DISPYTCH_GUARDED_BY(serving_);
  bool broken_ DISPYTCH_GUARDED_BY(serving_) = false;  // the plugin can report no more, which has been said

  Mutex swept_mutex_;  // of the two counters: flush asks for a sweep of the reports and waits for its end
  Condition swept_;
  std::uint64_t sweeps_asked_ DISPYTCH_GUARDED_BY(swept_mutex_) = 0;
  std::uint64_t sweeps_done_ DISPYTCH_GUARDED_BY(swept_mutex_) = 0;

  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> failed_callbacks_{0};
  std::atomic<bool> hurried_{false};
  std::jthread pump_;
};

}  // namespace dispytch::detail
