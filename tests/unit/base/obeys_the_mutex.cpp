// What the analysis has nothing against.
#include "base/mutex.hpp"

class Counter {
 public:
  void add() {
    const dispytch::Lock lock{mutex_};
    add_held();
    changed_.notify_all();
  }
  void await(const std::stop_token& stop) {
    dispytch::UniqueLock lock{mutex_};
    while (count_ == 0 && !stop.stop_requested()) changed_.wait(mutex_, stop);
    lock.unlock();
    lock.lock();
    add_held();
  }
  int name() {
    const dispytch::ReaderLock lock{name_mutex_};
    return name_;
  }
  void rename(int name) {
    const dispytch::WriterLock lock{name_mutex_};
    name_ = name;
  }

 private:
  void add_held() DISPYTCH_REQUIRES(mutex_) { ++count_; }

  dispytch::Mutex mutex_;
  dispytch::StoppableCondition changed_;
  int count_ DISPYTCH_GUARDED_BY(mutex_) = 0;
  dispytch::SharedMutex name_mutex_;
  int name_ DISPYTCH_GUARDED_BY(name_mutex_) = 0;
};

int main() {
  Counter counter;
  counter.add();
  counter.await({});
  counter.rename(counter.name());
}
