// The event of the tests of faults. Its body tells the service (obedient_service.cpp) what to do with it.
#pragma once

#include <string>

#include <dispytch/describe.hpp>

namespace dispytch::faults {

struct Order {
  static constexpr auto topic = "replaced";  // each test has topics of its own
  static constexpr auto type = "order";
  static constexpr auto partition_by = "key";
  std::string key = {};
  int number = 0;  ///< counts up within a key
  std::string what = {};
};
DISPYTCH_EVENT(Order, key, number, what)

}  // namespace dispytch::faults
