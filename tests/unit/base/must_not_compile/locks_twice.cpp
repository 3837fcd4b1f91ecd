// expect: acquiring mutex 'mutex' that is already held
#include "base/mutex.hpp"

int main() {
  dispytch::Mutex mutex;
  const dispytch::Lock once{mutex};
  const dispytch::Lock twice{mutex};
}
