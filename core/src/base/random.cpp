#include "base/random.hpp"

#include <random>

namespace dispytch {
namespace {

class ThreadRandom final : public Random {
 public:
  double uniform() noexcept override { return std::uniform_real_distribution<double>{}(engine_); }

 private:
  std::minstd_rand engine_{std::random_device{}()};
};

}  // namespace

Random& thread_random() noexcept {
  thread_local ThreadRandom random;
  return random;
}

}  // namespace dispytch
