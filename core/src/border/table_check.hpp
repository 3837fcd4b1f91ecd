// Whether a plugin's table keeps the contract's word, as far as a table alone can show.
#pragma once

#include <string>

#include <dispytch/plugin/abi.h>
#include <dispytch/result.hpp>

namespace dispytch::border {

/// Checks sizes, version, and that every function is there that the capabilities promise. `name`: of the plugin, for the text.
Result<void> check_table(const dispytch_plugin& table, const std::string& name);

}  // namespace dispytch::border
