// expect: writing variable 'count_' requires holding shared mutex 'mutex_' exclusively
#include "base/mutex.hpp"

class Counter {
 public:
  void add() {
    const dispytch::ReaderLock lock{mutex_};
    ++count_;
  }

 private:
  dispytch::SharedMutex mutex_;
  int count_ DISPYTCH_GUARDED_BY(mutex_) = 0;
};

int main() { Counter{}.add(); }
