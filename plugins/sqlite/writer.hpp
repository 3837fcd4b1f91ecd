// The thread that writes: whatever there is to write for the backend's emitters and listeners goes into one transaction at a time, so that
// many share one write to the disk.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/mutex.hpp>
#include <dispytch/plugin/status.hpp>

#include "bell.hpp"
#include "catalog.hpp"
#include "database.hpp"
#include "file.hpp"

namespace dispytch::sqlite {

/// What a transaction offers to those who write in it.
struct Writing {
  Database& database;
  TopicCache& topics;
  std::int64_t now_ms;  ///< the host's, when the transaction began
};

/// Something that writes now and then. Its functions are called by the writer's thread, under none of the writer's mutexes but for due().
class Work {
 public:
  virtual ~Work() = default;
  /// When there is something to write, on the host's monotonic clock; nullopt: nothing, until the writer is woken. Called under the
  /// writer's mutex.
  virtual std::optional<std::chrono::nanoseconds> due() = 0;
  /// Writes, within a transaction. What it throws undoes the transaction; it will be called again, then without others.
  virtual void write(Writing& writing) = 0;
  /// What was written is durable.
  virtual void written() = 0;
  /// What was written is undone, or could not be.
  virtual void failed(const plugin::Error& why) = 0;
};

class Writer {
 public:
  /// Throws Failure.
  Writer(const File& file, Bell& bell, const plugin::Host& host, std::chrono::milliseconds busy_timeout);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Any thread. `first`: what must not wait for others, such as staying a member of a group.
  void add(Work& work, bool first);
  /// Any thread but the writer's. Afterwards the work isn't called any more.
  void remove(Work& work);
  /// Any thread, under any mutex. Some work may be due by now.
  void wake() noexcept;

 private:
  void run();
  void wait(std::optional<std::chrono::nanoseconds> until);
  std::vector<Work*> due_works();
  bool write(const std::vector<Work*>& works);
  std::optional<plugin::Error> try_to_write(const std::vector<Work*>& works);
  void note_failure(const plugin::Error& why);

  const File& file_;
  Bell& bell_;
  const plugin::Host host_;
  const plugin::Clock clock_;
  const std::chrono::milliseconds busy_timeout_;
  const std::unique_ptr<Database> database_;  // the thread's
  TopicCache topics_;                         // the thread's

  plugin::Mutex mutex_;
  plugin::Condition idle_;
  std::vector<Work*> works_ DISPYTCH_GUARDED_BY(mutex_);
  std::vector<Work*> running_ DISPYTCH_GUARDED_BY(mutex_);  // not to be removed at present
  std::optional<std::chrono::nanoseconds> next_due_;        // the thread's

  plugin::Mutex signal_mutex_;  // apart from mutex_, so that wake() may be called under a work's own mutex, which due() takes
  plugin::Condition signal_;
  bool woken_ DISPYTCH_GUARDED_BY(signal_mutex_) = false;
  bool stopping_ DISPYTCH_GUARDED_BY(signal_mutex_) = false;

  std::optional<std::chrono::steady_clock::time_point> failing_since_;  // the thread's
  bool told_of_failure_ = false;                                        // the thread's
  std::chrono::milliseconds retry_after_{0};                            // the thread's
  std::thread thread_;                                                  // last: it uses all the others
};

}  // namespace dispytch::sqlite
