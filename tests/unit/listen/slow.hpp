// Handlers that end when the test wants.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {

/// What runs on a worker for long, without a thread: each message awaits its Completion.
struct Slow {
  std::vector<std::string> begun = {};
  std::map<std::string, Completion> pending = {};

  HandlerGroup group(std::chrono::milliseconds timeout = std::chrono::milliseconds{0}) {
    HandlerGroup made;
    made.on<Order>(
        [this](const Order& order, Completion completion) {
          begun.push_back(order.id);
          pending.insert_or_assign(order.id, std::move(completion));
        },
        {.name = "slow",
         .policy = {.retry = {.attempts = 3, .backoff = {.initial = std::chrono::seconds{1}, .jitter = 0}}, .timeout = timeout}});
    return made;
  }
  void finish(const std::string& id, Outcome outcome = done()) {
    pending.at(id)(std::move(outcome));
    pending.erase(id);
  }
};

}  // namespace dispytch::listen
