// Where handlers run.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "inflight/item.hpp"

namespace dispytch::listen {

/// Takes messages whose lanes are ready to their handlers, and the results to Outcomes. The owner of the listener's state calls it.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;

  /// Begins what may begin now. Returns whether handlers ran meanwhile on the thread that calls.
  virtual bool dispatch() = 0;
  /// The messages of one poll arrive, one after another.
  virtual void batch_begins() = 0;
  virtual void arrived(inflight::Item& item) = 0;
  virtual void batch_ends(inflight::SharedBatch& batch) = 0;

  /// Puts messages back into their lanes that a worker has had for too long without beginning them. Returns whether there were any.
  virtual bool take_back_overdue() = 0;
  /// The same for all that no worker has begun.
  virtual void take_back_all() = 0;

  /// Whether a handler runs on the thread that steps: nothing more may be begun or asked for.
  virtual bool is_busy() const noexcept = 0;
  /// Whether a batch that is due could be begun.
  virtual bool has_room() const noexcept = 0;
  /// Returns when messages are to be taken back; nullopt: no worker has any that it could return.
  virtual std::optional<std::chrono::nanoseconds> next_take_back() const = 0;

  /// What keeps the membership of the group while a handler is slow on the thread that steps.
  struct KeepAlive {
    std::function<bool()> poll = {};  ///< serves the group for a moment; returns false once that is of no use any more
    std::function<void()> wake = {};  ///< ends a poll that waits; any thread
  };
  /// Has the membership kept from now on. Does nothing where handlers never run on the thread that steps.
  virtual void keep_membership(KeepAlive keep_alive) = 0;
  /// Ends that, and waits for running workers, whose results find nobody.
  virtual void stop() = 0;
};

}  // namespace dispytch::listen
