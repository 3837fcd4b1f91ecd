// An error as a host lends it, for a plugin to fill in.
#pragma once

#include <dispytch/plugin/abi.h>

namespace dispytch::plugin {

inline dispytch_error sized() {
  dispytch_error error{};
  error.size = sizeof error;
  return error;
}

}  // namespace dispytch::plugin
