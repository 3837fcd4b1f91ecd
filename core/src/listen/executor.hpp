// Workers: the threads of a pool, or whatever a simulator wants.
#pragma once

#include <cstddef>

#include "listen/work_unit.hpp"

namespace dispytch::listen {

/// The owner of the listener's state calls it. It runs each work unit once, each on one thread.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Returns how many work units run at a time.
  virtual std::size_t workers() const noexcept = 0;
  /// Takes a work unit, which stays the caller's memory until `returned`. Never blocks.
  virtual void submit(WorkUnit& unit) = 0;
};

}  // namespace dispytch::listen
