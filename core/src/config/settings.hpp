// The application's own section of the config file: its schema from a table, and its values into the application's struct.
#pragma once

#include <nlohmann/json.hpp>

#include <dispytch/detail/settings_table.hpp>

namespace dispytch::config {

/// Returns the JSON Schema of a section, for LoadOptions::application.
nlohmann::json settings_schema(const detail::SettingsTable& table);

/// Sets each member of which the section speaks; it has been checked against that schema. `object`: the struct that the table describes.
void read_settings(const detail::SettingsTable& table, const nlohmann::json& section, void* object);

}  // namespace dispytch::config
