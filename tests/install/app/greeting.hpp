// What the application and its test share.
#pragma once

#include <atomic>

#include <dispytch/dispytch.hpp>

struct Greeting {
  static constexpr auto topic = "greetings";
  static constexpr auto type = "greeting";
  static constexpr auto partition_by = "name";
  std::string name = {};
};
DISPYTCH_EVENT(Greeting, name)

struct Count {
  std::atomic<int> greetings = 0;
};

inline dispytch::HandlerGroup greeter() {
  dispytch::HandlerGroup group;
  group.on<Greeting>([](const Greeting&, Count& count) { ++count.greetings; });
  return group;
}
