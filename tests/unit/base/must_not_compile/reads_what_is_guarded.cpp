// expect: reading variable 'count_' requires holding mutex 'mutex_'
#include "base/mutex.hpp"

class Counter {
 public:
  int count() const { return count_; }

 private:
  mutable dispytch::Mutex mutex_;
  int count_ DISPYTCH_GUARDED_BY(mutex_) = 0;
};

int main() { return Counter{}.count(); }
