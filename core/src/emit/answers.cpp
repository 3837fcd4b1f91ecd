#include <dispytch/emitter.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "emit/emitter_core.hpp"

namespace dispytch::detail {
namespace {

constexpr std::chrono::milliseconds kNap{50};  // between two looks for reports, where no thread brings them

}  // namespace

struct Answers::Count {
  Mutex mutex;
  Condition changed;
  std::size_t asked DISPYTCH_GUARDED_BY(mutex) = 0;
  std::size_t answered DISPYTCH_GUARDED_BY(mutex) = 0;
  std::size_t failed DISPYTCH_GUARDED_BY(mutex) = 0;
  std::optional<Error> first DISPYTCH_GUARDED_BY(mutex) = {};  // of those that failed

  void take(const Result<Receipt>& result) {
    const Lock lock{mutex};
    ++answered;
    if (!result) {
      ++failed;
      if (!first) first = result.error();
      first->maybe_sent = first->maybe_sent || result.error().maybe_sent;
      first->fatal = first->fatal || result.error().fatal;
    }
    if (answered == asked) changed.notify_all();  // with the mutex held: who waits may destroy all this at once
  }

  // Each emit ends in an answer, at the latest by the emitter's own timeout.
  void wait_for_all(EmitterCore& core) {
    UniqueLock lock{mutex};
    while (answered < asked) {
      changed.wait_for(mutex, kNap);
      if (answered == asked) break;
      lock.unlock();
      core.help();
      lock.lock();
    }
  }
};

Answers::Answers(EmitterCore& core) : core_{core}, count_{std::make_unique<Count>()} {}

Answers::~Answers() { count_->wait_for_all(core_); }

Result<void> Answers::may_wait() const { return core_.may_wait("emit all and wait"); }

std::function<void(const Result<Receipt>&)> Answers::next() {
  const Lock lock{count_->mutex};
  ++count_->asked;
  return [count = count_.get()](const Result<Receipt>& result) { count->take(result); };
}

Result<std::size_t> Answers::wait() {
  count_->wait_for_all(core_);
  const Lock lock{count_->mutex};
  if (count_->failed == 0) return count_->asked;
  Error error = *count_->first;
  error.text =
      std::to_string(count_->failed) + " of " + std::to_string(count_->asked) + " events were not stored; the first: " + error.text;
  return error;
}

}  // namespace dispytch::detail
