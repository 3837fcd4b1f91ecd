// A role: what one thread at a time plays, by an agreement and not by a lock. Clang checks, as it does for a mutex, that only functions of
// the role touch the state which belongs to it.
#pragma once

#include <dispytch/plugin/mutex.hpp>

namespace dispytch {

/// Belongs to nobody when the program runs, and costs nothing. A member that belongs to the role says `DISPYTCH_GUARDED_BY(role_)`, a
/// private function of the role `DISPYTCH_REQUIRES(role_)`; a function through which a thread enters the role calls assert_held().
class DISPYTCH_CAPABILITY("role") Role {
 public:
  Role() = default;
  Role(const Role&) = delete;
  Role& operator=(const Role&) = delete;

  /// Does nothing when it runs. Tells the analysis that the calling thread plays the role in the rest of the surrounding function.
  void assert_held() const noexcept DISPYTCH_ASSERTS_HELD() {}
};

}  // namespace dispytch
