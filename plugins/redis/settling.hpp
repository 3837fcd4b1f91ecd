// Tells the server what the host has settled.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/plugin/mutex.hpp>
#include <dispytch/plugin/settle_queue.hpp>

#include "connection.hpp"
#include "membership.hpp"
#include "worker.hpp"

namespace dispytch::redis {

/// One message that is done with, or given back.
struct Settlement {
  const Stream* stream = nullptr;
  EntryId id = {};
  bool gives_back = false;
  std::int64_t delay_ms = 0;                   ///< gives_back: not to be delivered before
  std::optional<std::uint32_t> attempts = {};  ///< gives_back: to come with the next delivery
  bool was_delivered = true;                   ///< gives_back: false where the host never saw it
};

/// Sends settlements in batches, each in a script that asks whether this member owns the message. settle(), begin() and sync() are for any
/// thread, the rest for the worker's.
class Settling {
 public:
  /// `on_given_back`: a message of that stream is due in so many ms.
  Settling(const Membership& membership, std::function<void(const Stream&, std::int64_t delay_ms)> on_given_back)
      : membership_{membership}, on_given_back_{std::move(on_given_back)} {}

  void settle(const Settlement& settlement) { queue_.push(settlement); }
  plugin::Status sync(std::chrono::milliseconds timeout) { return queue_.sync(timeout); }
  /// As Consumer::begin, of messages of one stream each.
  plugin::Status begin(const std::vector<Inbox::Settled>& messages, bool on, std::chrono::milliseconds timeout, Worker& worker);

  /// Sends what waits.
  void send(Connection& connection);
  void on_down();
  bool is_empty() const { return queue_.size() == 0; }
  void close();

 private:
  struct Beginning {  // guarded by mutex_
    std::vector<Inbox::Settled> messages = {};
    bool on = true;
    std::size_t unanswered = 0;
    bool sent = false, done = false, gone = false;
    plugin::Error error = {.code = DISPYTCH_OK};
  };
  struct Batch {
    std::size_t settlements = 0, unanswered = 0;
  };

  void send_batch(Connection& connection, const std::vector<Settlement>& batch);
  void on_settled(const Stream& stream, const std::shared_ptr<Batch>& batch, const Reply& reply);
  void send_beginnings(Connection& connection);
  void on_begun(const std::shared_ptr<Beginning>& beginning, const Reply& reply);

  const Membership& membership_;
  const std::function<void(const Stream&, std::int64_t)> on_given_back_;
  plugin::SettleQueue<Settlement> queue_ = {};
  std::size_t in_flight_ = 0;  // batches
  plugin::Mutex mutex_;
  plugin::Condition changed_;
  std::deque<std::shared_ptr<Beginning>> beginnings_ DISPYTCH_GUARDED_BY(mutex_) = {};
  bool closed_ DISPYTCH_GUARDED_BY(mutex_) = false;
};

}  // namespace dispytch::redis
