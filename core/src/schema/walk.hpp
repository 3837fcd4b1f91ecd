// A walk over a value and its schema together: violations worded for operators, and durations and sizes turned into integers.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "schema/schema.hpp"

namespace dispytch::schema {

/// The schema behind a chain of `$ref` into the same document. The document was checked: every reference leads somewhere.
const nlohmann::json& resolve(const nlohmann::json& document, const nlohmann::json& schema);

/// All schemas that "properties", "patternProperties" and, failing both, "additionalProperties" hold for a key.
std::vector<const nlohmann::json*> schemas_of_key(const nlohmann::json& schema, const std::string& key);

/// Checks what the usual keywords say: type, enum, const, bounds, lengths, pattern, properties and their kin, items, allOf, anyOf, oneOf,
/// not, if. The rest (contains, dependencies, multipleOf, uniqueItems, ...) is the judge's.
class Walk {
 public:
  Walk(const nlohmann::json& document, const std::set<std::string>& secrets, const Shown& shown)
      : document_{document}, secrets_{secrets}, shown_{shown} {}

  void check(const nlohmann::json& schema, nlohmann::json& value, const std::string& pointer);
  std::vector<Violation>& violations() { return violations_; }

 private:
  using json = nlohmann::json;

  bool check_itself(const json& schema, const json& value, const std::string& pointer);
  void check_object(const json& schema, json& value, const std::string& pointer);
  void check_array(const json& schema, json& value, const std::string& pointer);
  void check_required(const json& schema, const json& value, const std::string& pointer);
  void check_branches(const json& schema, json& value, const std::string& pointer);
  void check_any_of(const json& branches, bool exactly_one, json& value, const std::string& pointer);
  bool check_alternative_keys(const json& branches, bool exactly_one, const json& value, const std::string& pointer);
  void convert_quantity(const json& schema, json& value, const std::string& pointer);
  void unknown_key(const json& schema, const std::string& key, const std::string& pointer);

  std::vector<Violation> trial(const json& schema, json& value, const std::string& pointer) const;
  std::string found(const json& value, const std::string& pointer) const;
  void expected(const json& schema, const json& value, const std::string& pointer, std::string_view hint = {});
  void add(const std::string& pointer, bool about_key, std::string text);

  const json& document_;
  const std::set<std::string>& secrets_;
  const Shown& shown_;
  std::vector<Violation> violations_ = {};
  std::set<std::string> meant_ = {};  // keys that unknown ones are slips of: they aren't missing
};

}  // namespace dispytch::schema
