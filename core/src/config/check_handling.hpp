// Whether what a listener says of order, waits, ends and limits fits together, and fits what its backend and emitters can do.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "config/problem_list.hpp"
#include "config/references.hpp"

namespace dispytch::config {

/// Checks the entry of a listener at a pointer. What needs a backend or emitter that leads nowhere is left unchecked.
void check_handling(const nlohmann::json& listener, const std::string& pointer, References& references, ProblemList& problems);

}  // namespace dispytch::config
