// expect: calling function 'wait' requires holding mutex 'mutex' exclusively
#include "base/mutex.hpp"

int main() {
  dispytch::Mutex mutex;
  dispytch::StoppableCondition changed;
  changed.wait(mutex, std::stop_token{});
}
