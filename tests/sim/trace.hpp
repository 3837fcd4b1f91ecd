// Each step of a schedule in words, while one is replayed.
#pragma once

#include <iostream>

namespace dispytch::sim {
inline bool tracing = false;
}

#define SIM_TRACE(text)                                              \
  do {                                                               \
    if (::dispytch::sim::tracing) std::cout << "  " << text << '\n'; \
  } while (false)
