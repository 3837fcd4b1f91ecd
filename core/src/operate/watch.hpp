// What an operator wants to know of the listeners that run, and what keeps an application from being ready.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/result.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "listen/engine.hpp"
#include "operate/figures.hpp"

namespace dispytch::operate {

/// What a listener answers when it is asked.
struct Report {
  std::string listener = {};
  std::string group = {};
  const listen::Counters* counters = nullptr;       ///< the listener's own
  std::size_t open_breakers = 0;                    ///< handlers that are not called for now
  bool answered = false;                            ///< false: not in time; what follows is empty
  std::vector<listen::Unfinished> unfinished = {};  ///< the first message of each lane, the oldest first; at most kMostNamed
  std::vector<listen::Lag> lag = {};                ///< of the sources for which it is known
};

/// The listeners of an application. They must outlive it; the functions: any thread.
class Watch {
 public:
  static constexpr std::size_t kMostNamed = 20;
  /// A listener answers between two messages, and while a handler is slow; what takes longer is itself worth knowing.
  static constexpr std::chrono::milliseconds kPatience{5'000};

  explicit Watch(std::vector<listen::Engine*> engines, std::vector<NamedMetrics> backends = {}, const Clock& clock = system_clock());

  /// Looks for messages that are unfinished for longer than their listener's `stuck_after`, and logs each, once and then every five
  /// minutes. Never blocks; meant to be called about every second.
  void look();

  /// Asks every listener. Blocks for kPatience at most.
  std::vector<Report> ask();
  /// Lets one message go that waits or is held; `who` is logged. Blocks for kPatience at most. ErrorCode::not_found where there is no such
  /// listener or message, ErrorCode::invalid where it is being handled, ErrorCode::timeout where the listener doesn't answer (the message
  /// may be let go later).
  Result<void> skip(std::string_view listener, std::string_view topic, std::int32_t partition, std::int64_t offset, std::string_view who);
  /// The same of one that is named by its id.
  Result<void> skip(std::string_view listener, std::string_view topic, std::string_view id, std::string_view who);

  /// Of each listener, by what look() found last.
  std::vector<NamedCounters> figures() const;

  /// Why the application is not ready, a sentence each; empty: it is. By what look() found last.
  std::vector<std::string> unready() const;
  /// Why it should be started again; empty: it lives.
  std::vector<std::string> dead() const;

  const std::vector<NamedMetrics>& backends() const noexcept { return backends_; }

 private:
  // One question to a listener, answered by the owner of its state.
  struct Question;
  struct Seen {
    std::shared_ptr<Question> question = {};
    std::chrono::nanoseconds asked{};
    std::vector<listen::Unfinished> stuck = {};
    std::vector<listen::Lag> lag = {};
    std::vector<listen::Unfinished> blocked = {};  // held, or with a dead letter that can't be stored
    std::chrono::milliseconds oldest{0};
    std::map<std::string, std::chrono::nanoseconds> told = {};  // by message, when
  };
  Result<void> skip_by(std::string_view listener, std::function<Result<void>(listen::Engine&)> skip) const;
  std::shared_ptr<Question> put(listen::Engine& engine, std::chrono::nanoseconds limit) const;
  void tell(const listen::Engine& engine, Seen& seen) const;

  const std::vector<listen::Engine*> engines_;
  const std::vector<NamedMetrics> backends_;
  const Clock* clock_;
  mutable Mutex mutex_;
  std::vector<Seen> seen_ DISPYTCH_GUARDED_BY(mutex_);
};

}  // namespace dispytch::operate
