// What a handler of batches takes: several events at once, each with an outcome of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/describe.hpp>
#include <dispytch/event.hpp>
#include <dispytch/message.hpp>
#include <dispytch/outcome.hpp>

namespace dispytch {

namespace detail {

class Attempt;
struct EventEnvelope;

/// A gathered batch on its way into its handler: what invoke() takes its arguments from. Made by the listener, one for each call.
class BatchDelivery {
 public:
  virtual ~BatchDelivery() = default;

  std::span<const Message> messages = {};
  void* const* provided = nullptr;  // by parameter; null where the parameter is no provided object

  /// One message's event. false: the bytes are no such event; the listener knows why, and the message goes its own way.
  virtual bool decode(std::size_t index, const EventType& type, void* body, const EventEnvelope& envelope) = 0;
  /// What the handler says of one message, during the call. The last word counts.
  virtual void say(std::size_t index, Outcome outcome) = 0;
  virtual void fail(std::size_t index, std::string reason) = 0;
  virtual void fail(std::size_t index, std::exception_ptr thrown) = 0;
  /// This attempt at the batch, for Context.
  virtual std::shared_ptr<Attempt> attempt() = 0;
};

}  // namespace detail

/// An event of a batch. What it holds is owned and may be moved away; what is said of it is said during the handler's call, of one item by
/// one thread at a time. Where nothing is said of it, it ends as the handler's call does; the last word counts.
template <class T>
class BatchItem : public Event<T> {
 public:
  /// Internal: made by the listener.
  BatchItem(detail::BatchDelivery& delivery, std::size_t index) noexcept : delivery_{&delivery}, index_{index} {}
  BatchItem(BatchItem&&) noexcept = default;
  BatchItem& operator=(BatchItem&&) noexcept = default;

  /// What becomes of this one: done(), drop(), retry_after(), dead_letter(), unavailable().
  void outcome(Outcome outcome) { delivery_->say(index_, std::move(outcome)); }
  /// This attempt failed, as by an exception with that text.
  void fail(std::string reason) { delivery_->fail(index_, std::move(reason)); }
  /// The same with an exception (`std::current_exception()`), so that the handler's filter has a say in it.
  void fail(std::exception_ptr thrown) { delivery_->fail(index_, std::move(thrown)); }

 private:
  detail::BatchDelivery* delivery_;
  std::size_t index_;
};

/// The parameter `Batch<T>&` of a handler of batches: a range of items, those of one lane in their order. Never empty. Valid during the
/// call.
template <class T>
class Batch {
 public:
  /// Internal: made by the listener.
  explicit Batch(std::vector<BatchItem<T>> items) noexcept : items_{std::move(items)} {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::size_t size() const noexcept { return items_.size(); }
  BatchItem<T>& operator[](std::size_t index) noexcept { return items_[index]; }
  const BatchItem<T>& operator[](std::size_t index) const noexcept { return items_[index]; }
  auto begin() noexcept { return items_.begin(); }
  auto end() noexcept { return items_.end(); }
  auto begin() const noexcept { return items_.begin(); }
  auto end() const noexcept { return items_.end(); }

 private:
  std::vector<BatchItem<T>> items_;
};

}  // namespace dispytch
