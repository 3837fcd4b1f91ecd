// The events of the simulation: one for each way in which a handler may work.
#pragma once

#include <dispytch/event.hpp>

namespace dispytch::sim {

struct Plain {
  static constexpr auto topic = "work";
  static constexpr auto type = "plain";
  int number = 0;
};
DISPYTCH_EVENT(Plain, number)

struct Pair {
  static constexpr auto topic = "work";
  static constexpr auto type = "pair";
  int number = 0;
};
DISPYTCH_EVENT(Pair, number)

struct Emitting {
  static constexpr auto topic = "work";
  static constexpr auto type = "emitting";
  int number = 0;
};
DISPYTCH_EVENT(Emitting, number)

struct Later {
  static constexpr auto topic = "work";
  static constexpr auto type = "later";
  int number = 0;
};
DISPYTCH_EVENT(Later, number)

struct Together {
  static constexpr auto topic = "work";
  static constexpr auto type = "together";
  int number = 0;
};
DISPYTCH_EVENT(Together, number)

struct Made {
  static constexpr auto topic = "made";
  static constexpr auto type = "made";
  static constexpr auto partition_by = "number";
  int number = 0;
};
DISPYTCH_EVENT(Made, number)

}  // namespace dispytch::sim
