// The JSON Schema of the config file, as config/dispytch.schema.json says it.
#pragma once

#include <string_view>

namespace dispytch::config {

std::string_view core_schema() noexcept;

}  // namespace dispytch::config
