// What a schema leaves open and only the plugin itself can judge: the options of broker clients.
#pragma once

#include <optional>

#include <dispytch/result.hpp>

#include "config/load.hpp"

namespace dispytch::app {

/// Opens the candidate, in this process, and closes it again: opening tells. Whether a broker answers is no matter of the file, so it
/// isn't waited for, and what the client says about it isn't shown. nullopt: nothing to object. For config::LoadOptions::judge.
std::optional<Error> ask_plugin(const config::Candidate& candidate);

}  // namespace dispytch::app
