// expect: writing variable 'count_' requires holding mutex 'mutex_' exclusively
#include "base/mutex.hpp"

class Counter {
 public:
  void add() {
    dispytch::UniqueLock lock{mutex_};
    lock.unlock();
    ++count_;
  }

 private:
  dispytch::Mutex mutex_;
  int count_ DISPYTCH_GUARDED_BY(mutex_) = 0;
};

int main() { Counter{}.add(); }
