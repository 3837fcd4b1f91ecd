// Tables of settings: what the compiled core knows of an application's own section of the config file. Built at compile time by
// <dispytch/settings.hpp>; constant data that lives as long as the program.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dispytch::detail {

struct SettingsTable;

/// The type of one value: its kind, and by kind what is set. The functions take the address of the value.
struct SettingType {
  enum class Kind : std::uint8_t { boolean, integer, number, text, secret, duration, size, choice, section, list, map, optional };

  Kind kind = Kind::boolean;
  std::int64_t minimum = 0;  ///< integer
  std::int64_t maximum = 0;
  std::string_view unit = {};                      ///< duration: in which it is counted
  std::span<const std::string_view> choices = {};  ///< choice: the words, in the order of the enumerators
  const SettingsTable* section = nullptr;
  const SettingType* inner = nullptr;                           ///< of a list's items, a map's values, what an optional holds
  void (*set_integer)(void* value, std::int64_t to) = nullptr;  ///< boolean, integer, duration, size; choice: the place of the word
  void (*set_number)(void* value, double to) = nullptr;
  void (*set_text)(void* value, std::string_view to) = nullptr;  ///< text, secret
  void* (*add)(void* value, std::string_view key) = nullptr;     ///< list: an item more; map: the value of the key; optional: its value
  void (*clear)(void* value) = nullptr;                          ///< list, map, optional
};

/// A member of a section.
struct SettingsField {
  std::string_view name;
  bool required;
  const SettingType* type;
  void* (*of)(void* object);  ///< its address in the struct
};

/// A struct: its members in the order of their description.
struct SettingsTable {
  std::string_view name;
  std::span<const SettingsField> fields;
};

}  // namespace dispytch::detail
