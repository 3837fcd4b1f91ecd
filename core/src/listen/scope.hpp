// What one call of a handler is given of what the application provides.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "handle/bind.hpp"

namespace dispytch::listen {

/// Objects that end in the reverse order of their making: what an object is made of outlives it.
class ObjectsOfCall {
 public:
  ObjectsOfCall() = default;
  ObjectsOfCall(ObjectsOfCall&&) noexcept = default;
  ObjectsOfCall& operator=(ObjectsOfCall&&) = delete;
  ~ObjectsOfCall() {
    while (!objects_.empty()) objects_.pop_back();
  }
  void* put(std::shared_ptr<void> object) { return objects_.emplace_back(std::move(object)).get(); }
  void* at(std::size_t place) const noexcept { return objects_[place].get(); }

 private:
  std::vector<std::shared_ptr<void>> objects_ = {};
};

/// The application's objects, and those that are made for this call. They end with it, or with who took them.
class Scope {
 public:
  /// Throws what a factory throws.
  explicit Scope(const handle::BoundHandler& bound) : lasting_{bound.provided.data()} {
    if (bound.made_for_call.empty()) return;
    std::vector<void*> arguments;
    for (const handle::MadeForCall& made : bound.made_for_call) {
      arguments.clear();
      for (const auto& argument : made.arguments)
        arguments.push_back(argument.object != nullptr ? argument.object : made_.at(argument.made));
      made_.put(made.factory->make(arguments.data()));
    }
    provided_ = bound.provided;
    for (const auto& [parameter, place] : bound.takes_of_call) provided_[parameter] = made_.at(place);
  }
  /// By parameter.
  void* const* provided() const noexcept { return provided_.empty() ? lasting_ : provided_.data(); }
  /// What was made, for a handler that finishes later.
  ObjectsOfCall take() noexcept { return std::move(made_); }

 private:
  void* const* lasting_;
  ObjectsOfCall made_;
  std::vector<void*> provided_;
};

}  // namespace dispytch::listen
