#include "writer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "errors.hpp"

namespace dispytch::sqlite {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using SteadyClock = std::chrono::steady_clock;  // a waiting thread waits in real time, whatever the host's clock shows

constexpr milliseconds kPatience{500};  // of one try: a lock held for longer is tried again, and works learn of it meanwhile
constexpr milliseconds kFirstRetry{20};
constexpr milliseconds kLongestRetry{500};
constexpr milliseconds kLongestWait{1000};

}  // namespace

Writer::Writer(const File& file, Bell& bell, const plugin::Host& host, milliseconds busy_timeout)
    : file_{file}, bell_{bell}, host_{host}, clock_{host.clock()}, busy_timeout_{busy_timeout}, database_{file.connect()} {
  database_->wait_for_locks(std::min(kPatience, busy_timeout));
  const plugin::SignalsBlocked blocked;
  thread_ = std::thread{[this] { run(); }};
}

Writer::~Writer() {
  {
    const plugin::Lock lock{signal_mutex_};
    stopping_ = true;
  }
  signal_.notify_all();
  thread_.join();
}

void Writer::add(Work& work, bool first) {
  {
    const plugin::Lock lock{mutex_};
    works_.insert(first ? works_.begin() : works_.end(), &work);
  }
  wake();
}

void Writer::remove(Work& work) {
  const plugin::Lock lock{mutex_};
  std::erase(works_, &work);
  while (std::ranges::find(running_, &work) != running_.end()) idle_.wait(mutex_);
}

void Writer::wake() noexcept {
  {
    const plugin::Lock lock{signal_mutex_};
    woken_ = true;
  }
  signal_.notify_one();
}

std::vector<Work*> Writer::due_works() {
  const plugin::Lock lock{mutex_};
  const nanoseconds now = clock_.monotonic();
  next_due_.reset();
  running_.clear();
  for (Work* work : works_) {
    const std::optional<nanoseconds> due = work->due();
    if (due && *due <= now) running_.push_back(work);
    if (due && *due > now && (!next_due_ || *due < *next_due_)) next_due_ = due;
  }
  return running_;
}

void Writer::run() {
  for (;;) {
    const std::vector<Work*> works = due_works();
    bool done = true;
    if (!works.empty() && retry_after_ > milliseconds{0}) {
      // Each alone: what one can't have, such as room for its messages, others may do without.
      for (Work* work : works) done = write({work}) && done;
    } else if (!works.empty()) {
      done = write(works);
    }
    {
      const plugin::Lock lock{mutex_};
      running_.clear();
    }
    idle_.notify_all();
    if (works.empty()) {
      wait(next_due_);
    } else if (done) {
      if (told_of_failure_) host_.log(plugin::Level::info, "writing to `" + file_.path() + "` works again");
      told_of_failure_ = false;
      failing_since_.reset();
      retry_after_ = milliseconds{0};
    } else {
      retry_after_ = std::clamp(retry_after_ * 2, kFirstRetry, kLongestRetry);
      const auto until = SteadyClock::now() + retry_after_;
      const plugin::Lock lock{signal_mutex_};
      while (!stopping_ && signal_.wait_until(signal_mutex_, until)) {}
    }
    const plugin::Lock lock{signal_mutex_};
    if (stopping_) return;
  }
}

void Writer::wait(std::optional<nanoseconds> until) {
  SteadyClock::time_point deadline = SteadyClock::now() + kLongestWait;
  if (until) deadline = std::min(deadline, SteadyClock::now() + std::max(*until - clock_.monotonic(), nanoseconds{0}));
  const plugin::Lock lock{signal_mutex_};
  while (!woken_ && !stopping_ && signal_.wait_until(signal_mutex_, deadline)) {}
  woken_ = false;
}

bool Writer::write(const std::vector<Work*>& works) {
  const std::int64_t changes_before = database_->total_changes();
  const std::optional<plugin::Error> why = try_to_write(works);
  if (why) {
    topics_.forget_new();
    note_failure(*why);
    for (Work* work : works) work->failed(*why);
    return false;
  }
  topics_.keep_new();
  if (database_->total_changes() != changes_before) bell_.ring();
  for (Work* work : works) work->written();
  return true;
}

std::optional<plugin::Error> Writer::try_to_write(const std::vector<Work*>& works) {
  try {
    if (auto missing = file_.missing()) return missing;
    Transaction transaction{*database_};
    Writing writing{*database_, topics_, clock_.unix_ms()};
    for (Work* work : works) work->write(writing);
    transaction.commit();
    return std::nullopt;
  } catch (const Failure& failure) {
    plugin::Error why = error_of(failure, "writing to", file_.path());
    why.maybe_sent = failure.code() == SQLITE_IOERR;  // what of it has come to the disk, nobody knows
    return why;
  } catch (const plugin::Exception& exception) {
    return exception.error();
  } catch (const std::exception& exception) {
    return plugin::Error{.code = DISPYTCH_EINTERNAL, .text = "writing to `" + file_.path() + "` failed: " + exception.what()};
  }
}

// Somebody else's transaction takes milliseconds, and is no news; one that lasts is, and so is everything else.
void Writer::note_failure(const plugin::Error& why) {
  const auto now = SteadyClock::now();
  if (!failing_since_) failing_since_ = now;
  const bool is_lock = (why.broker_code & 0xff) == SQLITE_BUSY;
  if (told_of_failure_ || (is_lock && now - *failing_since_ + kPatience < busy_timeout_)) return;
  told_of_failure_ = true;
  host_.log(plugin::Level::warning, why.text);
}

}  // namespace dispytch::sqlite
