// expect: reading variable 'count_' requires holding role 'owner_'
#include "base/role.hpp"

class Counter {
 public:
  void add() {
    owner_.assert_held();
    ++count_;
  }
  int read() const { return count_; }

 private:
  dispytch::Role owner_;
  int count_ DISPYTCH_GUARDED_BY(owner_) = 0;
};

int main() { return Counter{}.read(); }
