// The source of randomness that everything with a jitter takes, so that tests and simulators can replace it.
#pragma once

namespace dispytch {

/// One thread at a time.
class Random {
 public:
  virtual ~Random() = default;
  virtual double uniform() noexcept = 0;  ///< from 0 up to and without 1
};

/// Seeded by the operating system; one for each thread. Its jitter guards no secret.
Random& thread_random() noexcept;

}  // namespace dispytch
