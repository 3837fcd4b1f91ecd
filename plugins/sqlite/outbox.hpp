// An emitter's messages on their way into the file, and what became of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "record.hpp"

namespace dispytch::sqlite {

/// A message that was accepted and has no report yet.
struct Outgoing {
  Record record;
  std::string topic = {};
  std::uint64_t token = 0;
  std::chrono::nanoseconds accepted = {};  ///< on the host's monotonic clock
  // What the transaction under way has done with it.
  std::int64_t partition = -1;
  std::optional<std::int64_t> offset = {};
  std::optional<plugin::Error> refused = {};
};

/// Accepted messages in order; those that are being written are at the front. Any thread, but for what says otherwise.
class Outbox {
 public:
  struct Limits {
    std::size_t messages = 0, bytes = 0;
  };
  Outbox(Limits limits, plugin::Notify notify) noexcept : limits_{limits}, notify_{notify} {}

  /// False: there is no room; a notify will follow.
  bool put(Outgoing&& message);
  bool empty() const;

  /// The writer's thread. The messages to be written now, from the front, at most so many of at most so many bytes; they stay the same
  /// until one of the next two is called. Valid until then.
  std::vector<Outgoing*> take(std::size_t messages, std::size_t bytes);
  /// The writer's thread. They were stored, or refused: each has its report.
  void done();
  /// The writer's thread. They were not stored. Those accepted before `expired` are reported as failed by that, the others tried again.
  void failed(const plugin::Error& why, std::chrono::nanoseconds expired);

  std::size_t reports(plugin::Strided<plugin::Report> out);
  /// Waits until what was accepted before has its report, or until the deadline; false: it has not.
  bool wait_until_reported(std::chrono::steady_clock::time_point deadline);

 private:
  struct Reported {
    plugin::Report report = {};
    std::string text = {};
  };
  void report(Outgoing& message, const plugin::Error* why) DISPYTCH_REQUIRES(mutex_);
  void pop() DISPYTCH_REQUIRES(mutex_);

  const Limits limits_;
  const plugin::Notify notify_;
  mutable plugin::Mutex mutex_;
  plugin::Condition progress_;
  std::deque<Outgoing> waiting_ DISPYTCH_GUARDED_BY(mutex_);
  std::size_t bytes_ DISPYTCH_GUARDED_BY(mutex_) = 0;
  std::size_t in_hand_ DISPYTCH_GUARDED_BY(mutex_) = 0;  // of waiting_, those that are being written
  std::uint64_t accepted_ DISPYTCH_GUARDED_BY(mutex_) = 0, reported_ DISPYTCH_GUARDED_BY(mutex_) = 0;
  std::deque<Reported> reports_ DISPYTCH_GUARDED_BY(mutex_);
  std::deque<std::string> texts_ DISPYTCH_GUARDED_BY(mutex_);  // of the reports handed out last
  bool full_ DISPYTCH_GUARDED_BY(mutex_) = false;              // a put found no room since the last notify
};

}  // namespace dispytch::sqlite
