// What Consumer::poll hands out: one batch of messages, or one event. Its memory stays the plugin's until the host releases it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/plugin/abi.h>
#include <dispytch/plugin/message.hpp>
#include <dispytch/plugin/status.hpp>

namespace dispytch::plugin {

/// The host's credit for one poll. max_messages 0: events only. max_bytes bounds keys and payloads, but the first message always fits.
struct Limits {
  std::uint32_t max_messages = 0;
  std::uint64_t max_bytes = 0;
};

/// A partition, queue or subject, with its own bytes: what events name, and what pause and seek are given.
struct Source {
  std::string topic = {};
  std::uint32_t source = 0;  ///< DISPYTCH_SOURCE(slot, generation)
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> offset = {};  ///< assigned: of the next message to come; seek: where to go
  std::optional<std::int64_t> high = {};    ///< assigned: the offset after the last message there is
  std::string meta = {};                    ///< for a person
};

/// What a partition keeps at present: the answer of Backend::ranges.
struct Range {
  std::int32_t partition = 0;
  std::int64_t low = 0;                     ///< the offset of the oldest message kept; the same as high where there is none
  std::int64_t high = 0;                    ///< the offset that the next message gets
  std::optional<std::int64_t> stored = {};  ///< where the group goes on, if it has a position there
};

/// How far a consumer is behind in one of its sources: the answer of Consumer::lag. Those of which it can't be told are left out.
struct Lag {
  std::uint32_t source = 0;
  std::int64_t messages = 0;  ///< there to be read and not settled; 0 when a reader can get no more
};

namespace detail {

/// What a poll returned and the host has not released yet.
class Batch : public dispytch_batch {
 public:
  explicit Batch(std::uint32_t batch_kind) noexcept : dispytch_batch{} {
    size = sizeof(dispytch_batch);
    kind = batch_kind;
    message_stride = sizeof(dispytch_message);
    source_stride = sizeof(dispytch_source);
  }
  virtual ~Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  static void release(const dispytch_batch* batch) noexcept { delete static_cast<const Batch*>(batch); }
};

template <class Owner>
class MessageBatch final : public Batch {
 public:
  MessageBatch(std::span<const InboundMessage> batch_messages, Owner owner) : Batch{DISPYTCH_MESSAGES}, owner_{std::move(owner)} {
    messages = batch_messages.data();
    n_messages = static_cast<std::uint32_t>(batch_messages.size());
  }

 private:
  Owner owner_;
};

class EventBatch final : public Batch {
 public:
  EventBatch(std::uint32_t event_kind, std::vector<Source> event_sources, std::vector<std::uint64_t> event_tokens, Error why)
      : Batch{event_kind}, storage_{std::move(event_sources)}, tokens_{std::move(event_tokens)}, text_{std::move(why.text)} {
    raw_.reserve(storage_.size());
    for (const Source& source : storage_) {
      raw_.push_back({.topic = bytes(source.topic),
                      .partition = source.partition.value_or(0),
                      .source = source.source,
                      .offset = source.offset.value_or(0),
                      .high = source.high.value_or(0),
                      .meta = bytes(source.meta),
                      .flags = flag(source.partition.has_value(), DISPYTCH_SOURCE_PARTITION) |
                               flag(source.offset.has_value(), DISPYTCH_SOURCE_OFFSET) |
                               flag(source.high.has_value(), DISPYTCH_SOURCE_HIGH),
                      .reserved = 0});
    }
    sources = raw_.data();
    n_sources = static_cast<std::uint32_t>(raw_.size());
    tokens = tokens_.data();
    n_tokens = static_cast<std::uint32_t>(tokens_.size());
    code = why.code;
    broker_code = why.broker_code;
    text = bytes(text_);
  }

 private:
  std::vector<Source> storage_;
  std::vector<std::uint64_t> tokens_;
  std::string text_;
  std::vector<dispytch_source> raw_;
};

inline Source source_from(const dispytch_source& raw) {
  Source source{.topic = std::string{view(raw.topic)}, .source = raw.source, .meta = std::string{view(raw.meta)}};
  if ((raw.flags & DISPYTCH_SOURCE_PARTITION) != 0) source.partition = raw.partition;
  if ((raw.flags & DISPYTCH_SOURCE_OFFSET) != 0) source.offset = raw.offset;
  if ((raw.flags & DISPYTCH_SOURCE_HIGH) != 0) source.high = raw.high;
  return source;
}

}  // namespace detail

/// Where poll puts what it has found: exactly one of these, once, before it returns without an error. A poll that calls none has found
/// nothing. An event_token comes back to settle as DISPYTCH_ACK when the host has done its part.
class BatchOut {
 public:
  /// Messages. `owner` keeps alive whatever they point at, themselves included: a unique_ptr, a shared_ptr, or a type of your own whose
  /// move leaves the bytes where they are. It is destroyed when the host releases the batch, on any thread: that is the release.
  template <class Owner>
  void messages(std::span<const InboundMessage> messages, Owner owner) {
    put(std::make_unique<detail::MessageBatch<Owner>>(messages, std::move(owner)));
  }
  /// Sources gained. None of their messages may be delivered before event_token was acknowledged. None, and 0: the consumer has joined, and
  /// has nothing to read at present; for hosts of version 1.1 and later alone.
  void assigned(std::vector<Source> sources, std::uint64_t event_token) {
    event(DISPYTCH_ASSIGNED, std::move(sources), {}, done(), event_token);
  }
  /// Sources about to go. `deadline`: how long the broker waits for event_token to be acknowledged; 0: unknown.
  void revoking(std::vector<Source> sources, std::uint64_t event_token, std::chrono::milliseconds deadline = {}) {
    event(DISPYTCH_REVOKING, std::move(sources), {}, done(), event_token, deadline);
  }
  /// Sources gone already; settling their messages does nothing from now on.
  void lost(std::vector<Source> sources, Error why) { event(DISPYTCH_LOST, std::move(sources), {}, std::move(why)); }
  /// Single messages gone already, by token.
  void lost(std::vector<std::uint64_t> tokens, Error why) { event(DISPYTCH_LOST, {}, std::move(tokens), std::move(why)); }
  void lost_everything(Error why) { event(DISPYTCH_LOST, {}, {}, std::move(why)); }
  /// The broker can't be reached at present. Invalidates nothing.
  void down(Error why) { event(DISPYTCH_DOWN, {}, {}, std::move(why)); }
  void up() { event(DISPYTCH_UP, {}, {}, done()); }

  bool empty() const noexcept { return batch_ == nullptr; }

  /// Used by the border: the batch, to be released later; nullptr where there is none.
  const dispytch_batch* take() noexcept { return batch_.release(); }

 private:
  static Error done() { return {.code = DISPYTCH_OK}; }
  void put(std::unique_ptr<detail::Batch> batch) {
    if (batch_ != nullptr)
      throw Exception{DISPYTCH_EINTERNAL, "one poll returned two batches; the plugin must keep the second for the next"};
    batch_ = std::move(batch);
  }
  void event(std::uint32_t kind, std::vector<Source> sources, std::vector<std::uint64_t> tokens, Error why, std::uint64_t event_token = 0,
             std::chrono::milliseconds deadline = {}) {
    auto batch = std::make_unique<detail::EventBatch>(kind, std::move(sources), std::move(tokens), std::move(why));
    batch->event_token = event_token;
    batch->deadline_ms = deadline.count();
    put(std::move(batch));
  }

  std::unique_ptr<detail::Batch> batch_ = {};
};

}  // namespace dispytch::plugin
