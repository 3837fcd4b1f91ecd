// What one call of a handler is given of what the application provides.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "handle/bind.hpp"

namespace dispytch::listen {

/// The application's objects, and those that are made for this call. They end with it, or with who took them.
class Scope {
 public:
  /// Throws what a factory throws.
  explicit Scope(const handle::BoundHandler& bound) : lasting_{bound.provided.data()} {
    if (bound.made_for_each_call.empty()) return;
    provided_ = bound.provided;
    for (const auto& [index, factory] : bound.made_for_each_call) provided_[index] = made_.emplace_back((*factory)()).get();
  }
  /// By parameter.
  void* const* provided() const noexcept { return provided_.empty() ? lasting_ : provided_.data(); }
  /// What was made, for a handler that finishes later.
  std::vector<std::shared_ptr<void>> take() noexcept { return std::move(made_); }

 private:
  void* const* lasting_;
  std::vector<std::shared_ptr<void>> made_;
  std::vector<void*> provided_;
};

}  // namespace dispytch::listen
