// expect: calling function 'add_held' requires holding mutex 'mutex_' exclusively
#include "base/mutex.hpp"

class Counter {
 public:
  void add() { add_held(); }

 private:
  void add_held() DISPYTCH_REQUIRES(mutex_) { ++count_; }

  dispytch::Mutex mutex_;
  int count_ DISPYTCH_GUARDED_BY(mutex_) = 0;
};

int main() { Counter{}.add(); }
