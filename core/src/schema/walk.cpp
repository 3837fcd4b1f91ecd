#include "schema/walk.hpp"

#include <algorithm>
#include <cstdint>
#include <regex>

#include "schema/did_you_mean.hpp"
#include "schema/judge.hpp"
#include "schema/phrase.hpp"
#include "schema/pointer.hpp"
#include "schema/units.hpp"
#include "text/quote.hpp"

namespace dispytch::schema {
namespace {

using nlohmann::json;

constexpr std::size_t kMostKeysListed = 24;

const json* part(const json& schema, const char* keyword) {
  const auto found = schema.find(keyword);
  return found == schema.end() ? nullptr : &*found;
}

bool matches(const std::string& pattern, const std::string& text) {
  return text.size() <= kLongestMatched && std::regex_search(text, std::regex{pattern});
}

bool is_of_type(const std::string& type, const json& value) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  return type == "null" && value.is_null();
}

bool is_of_type(const json& types, const json& value) {
  if (types.is_string()) return is_of_type(types.get_ref<const std::string&>(), value);
  return std::any_of(types.begin(), types.end(), [&](const json& type) { return is_of_type(type.get_ref<const std::string&>(), value); });
}

// Characters, as draft-07 counts lengths.
std::uint64_t length(const std::string& text) {
  return static_cast<std::uint64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool within_bounds(const json& schema, const json& number) {
  const json* const minimum = part(schema, "minimum");
  const json* const maximum = part(schema, "maximum");
  const json* const above = part(schema, "exclusiveMinimum");
  const json* const below = part(schema, "exclusiveMaximum");
  return !(minimum != nullptr && number < *minimum) && !(maximum != nullptr && number > *maximum) &&
         !(above != nullptr && number <= *above) && !(below != nullptr && number >= *below);
}

bool string_fits(const json& schema, const std::string& text) {
  const json* const shortest = part(schema, "minLength");
  const json* const longest = part(schema, "maxLength");
  const json* const pattern = part(schema, "pattern");
  return !(shortest != nullptr && length(text) < shortest->get<std::uint64_t>()) &&
         !(longest != nullptr && length(text) > longest->get<std::uint64_t>()) &&
         !(pattern != nullptr && !matches(pattern->get<std::string>(), text));
}

std::optional<Quantity> quantity_of(const json& schema) {
  const json* const format = part(schema, "format");
  return format != nullptr && format->is_string() ? quantity_of_format(format->get_ref<const std::string&>()) : std::nullopt;
}

std::string counted(const json& count, const char* what) { return count.dump() + ' ' + what + (count == json(1) ? "" : "s"); }

std::vector<std::string> keys_of(const json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

}  // namespace

const json& resolve(const json& document, const json& schema) {
  const json* resolved = &schema;
  for (int links = 0; links < 32 && resolved->is_object() && resolved->contains("$ref"); ++links) {
    const json* next = find(document, resolved->at("$ref").get_ref<const std::string&>().substr(1));
    if (next == nullptr) break;
    resolved = next;
  }
  return *resolved;
}

std::vector<const json*> schemas_of_key(const json& schema, const std::string& key) {
  std::vector<const json*> schemas;
  if (const json* properties = part(schema, "properties"); properties != nullptr && properties->contains(key))
    schemas.push_back(&properties->at(key));
  if (const json* patterns = part(schema, "patternProperties")) {
    for (const auto& [pattern, about] : patterns->items())
      if (matches(pattern, key)) schemas.push_back(&about);
  }
  if (const json* others = part(schema, "additionalProperties"); others != nullptr && schemas.empty()) schemas.push_back(others);
  return schemas;
}

void Walk::check(const json& unresolved, json& value, const std::string& pointer) {
  const json& schema = resolve(document_, unresolved);
  if (!schema.is_object()) {
    if (schema == json(false)) add(pointer, true, "not allowed here");
    return;
  }
  if (const json* instead = part(schema, "x-instead")) {
    add(pointer, true, "not an option here: " + instead->get<std::string>());
    return;
  }
  if (!check_itself(schema, value, pointer)) return;
  if (value.is_object()) check_object(schema, value, pointer);
  if (value.is_array()) check_array(schema, value, pointer);
  check_branches(schema, value, pointer);
  convert_quantity(schema, value, pointer);
}

bool Walk::check_itself(const json& schema, const json& value, const std::string& pointer) {
  const json* const type = part(schema, "type");
  const json* const values = part(schema, "enum");
  const json* const constant = part(schema, "const");
  if (values != nullptr && std::find(values->begin(), values->end(), value) == values->end()) {
    std::string hint;
    if (value.is_string() && !within_any(secrets_, pointer) && !(shown_ && shown_(pointer))) {
      std::vector<std::string> words;
      for (const json& each : *values)
        if (each.is_string()) words.push_back(each);
      if (const auto nearest = did_you_mean(value.get_ref<const std::string&>(), words)) hint = "did you mean `" + *nearest + "`?";
    }
    expected(schema, value, pointer, hint);
    return false;
  }
  const bool fits = (type == nullptr || is_of_type(*type, value)) && (constant == nullptr || *constant == value) &&
                    (!value.is_number() || within_bounds(schema, value)) &&
                    (!value.is_string() || string_fits(schema, value.get_ref<const std::string&>()));
  if (!fits) {
    std::string_view hint;
    if (value.is_number() && quantity_of(schema) && type != nullptr && *type == json("string")) hint = "its unit is missing";
    if (value.is_string() && value.get_ref<const std::string&>().find(':') != std::string::npos && type != nullptr &&
        *type == json("object"))
      hint = "a key needs a space behind its `:`";
    if ((value.is_number() || value.is_boolean()) && hint.empty() && type != nullptr && *type == json("string"))
      hint = "quote it if it is meant as text";
    expected(schema, value, pointer, hint);
  }
  return fits;
}

void Walk::check_object(const json& schema, json& value, const std::string& pointer) {
  const json* const names = part(schema, "propertyNames");
  for (auto& [key, part_of_value] : value.items()) {
    const std::string place = child(pointer, key);
    if (names != nullptr) {
      json name = key;
      if (!trial(*names, name, place).empty())
        add(place, true, "not a possible key; expected " + expected_phrase(resolve(document_, *names)));
    }
    for (const json* about : schemas_of_key(schema, key)) {
      if (*about == json(false) && about == part(schema, "additionalProperties")) {
        unknown_key(schema, key, place);
      } else {
        check(*about, part_of_value, place);
      }
    }
  }
  check_required(schema, value, pointer);
  const json* const least = part(schema, "minProperties");
  const json* const most = part(schema, "maxProperties");
  if (least != nullptr && value.size() < least->get<std::size_t>())
    add(pointer, false, "expected a mapping of at least " + counted(*least, "key") + ", found " + std::to_string(value.size()));
  if (most != nullptr && value.size() > most->get<std::size_t>())
    add(pointer, false, "expected a mapping of at most " + counted(*most, "key") + ", found " + std::to_string(value.size()));
}

void Walk::check_required(const json& schema, const json& value, const std::string& pointer) {
  const json* const required = part(schema, "required");
  if (required == nullptr) return;
  for (const json& name : *required) {
    const std::string& key = name.get_ref<const std::string&>();
    if (value.contains(key) || meant_.contains(child(pointer, key))) continue;
    std::string text = "missing";
    const std::vector<const json*> schemas = schemas_of_key(schema, key);
    if (!schemas.empty() && resolve(document_, *schemas.front()).is_object())
      text += "; expected " + expected_phrase(resolve(document_, *schemas.front()));
    add(child(pointer, key), true, text);
  }
}

void Walk::check_array(const json& schema, json& value, const std::string& pointer) {
  const json* const least = part(schema, "minItems");
  const json* const most = part(schema, "maxItems");
  if (least != nullptr && value.size() < least->get<std::size_t>())
    add(pointer, false, "expected a list of at least " + counted(*least, "item") + ", found " + std::to_string(value.size()));
  if (most != nullptr && value.size() > most->get<std::size_t>())
    add(pointer, false, "expected a list of at most " + counted(*most, "item") + ", found " + std::to_string(value.size()));
  const json* const items = part(schema, "items");
  if (items == nullptr) return;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!items->is_array()) {
      check(*items, value[i], child(pointer, i));
    } else if (i < items->size()) {
      check((*items)[i], value[i], child(pointer, i));
    }
  }
}

void Walk::check_branches(const json& schema, json& value, const std::string& pointer) {
  if (const json* all = part(schema, "allOf"))
    for (const json& branch : *all) check(branch, value, pointer);
  if (const json* any = part(schema, "anyOf")) check_any_of(*any, false, value, pointer);
  if (const json* one = part(schema, "oneOf")) check_any_of(*one, true, value, pointer);
  if (const json* excluded = part(schema, "not")) {
    json copy = value;
    if (trial(*excluded, copy, pointer).empty()) add(pointer, false, found(value, pointer) + " isn't allowed here");
  }
  if (const json* condition = part(schema, "if")) {
    json copy = value;
    const json* const branch = part(schema, trial(*condition, copy, pointer).empty() ? "then" : "else");
    if (branch != nullptr) check(*branch, value, pointer);
  }
}

void Walk::check_any_of(const json& branches, bool exactly_one, json& value, const std::string& pointer) {
  if (check_alternative_keys(branches, exactly_one, value, pointer)) return;
  int fitting = 0;
  json fitted;
  std::vector<std::string> wanted;
  std::vector<Violation> best;
  std::size_t of_same_type = 0;
  for (const json& branch : branches) {
    json copy = value;
    std::vector<Violation> violations = trial(branch, copy, pointer);
    const json& schema = resolve(document_, branch);
    if (violations.empty()) {
      if (fitting++ == 0) fitted = std::move(copy);
      continue;
    }
    wanted.push_back(schema.is_object() ? expected_phrase(schema) : "another value");
    const json* const type = schema.is_object() ? part(schema, "type") : nullptr;
    if (type == nullptr || is_of_type(*type, value)) {
      if (of_same_type++ == 0 || violations.size() < best.size()) best = std::move(violations);
    }
  }
  if (fitting == 1 || (fitting > 1 && !exactly_one)) {
    value = std::move(fitted);
  } else if (fitting > 1) {
    add(pointer, false, found(value, pointer) + " could mean more than one thing here: " + std::to_string(fitting) + " alternatives fit");
  } else if (value.is_structured() && of_same_type > 0) {
    violations_.insert(violations_.end(), std::make_move_iterator(best.begin()), std::make_move_iterator(best.end()));
  } else {
    add(pointer, false, "expected " + listed(wanted, " or ") + ", found " + found(value, pointer));
  }
}

// Branches that only say which key is required: `name` or `pattern`. False where it isn't about such.
bool Walk::check_alternative_keys(const json& branches, bool exactly_one, const json& value, const std::string& pointer) {
  if (!value.is_object()) return false;
  std::vector<std::string> names;
  std::vector<std::string> given;
  for (const json& branch : branches) {
    const json* const required = branch.is_object() && branch.size() == 1 ? part(branch, "required") : nullptr;
    if (required == nullptr || required->size() != 1) return false;
    const std::string key = required->front();
    names.push_back(text::quoted(key));
    if (value.contains(key) || meant_.contains(child(pointer, key))) given.push_back(text::quoted(key));
  }
  if (given.size() == 1 || (given.size() > 1 && !exactly_one)) return true;
  add(pointer, given.empty(),
      std::string{exactly_one ? "expected exactly one of the keys " : "expected at least one of the keys "} + listed(names, ", ") +
          ", found " + (given.empty() ? "none" : listed(given, " and ")));
  return true;
}

void Walk::convert_quantity(const json& schema, json& value, const std::string& pointer) {
  const std::optional<Quantity> quantity = quantity_of(schema);
  if (!quantity || !value.is_string()) return;
  const std::string& unit = schema.at("unit").get_ref<const std::string&>();
  const ParsedQuantity parsed = parse_quantity(*quantity, value.get_ref<const std::string&>(), unit);
  if (!parsed.error) {
    json count = parsed.count;
    if (within_bounds(schema, count)) {
      value = std::move(count);
    } else {
      expected(schema, value, pointer);
    }
    return;
  }
  switch (*parsed.error) {
    case QuantityError::malformed: return expected(schema, value, pointer);
    case QuantityError::no_unit: return expected(schema, value, pointer, "its unit is missing");
    case QuantityError::unknown_unit: return expected(schema, value, pointer, "the units are " + std::string{units_of(*quantity)});
    case QuantityError::not_whole: return expected(schema, value, pointer, "it is counted in whole " + unit);
    case QuantityError::too_large: return expected(schema, value, pointer, "that is more than can be counted");
  }
}

void Walk::unknown_key(const json& schema, const std::string& key, const std::string& pointer) {
  const json* const properties = part(schema, "properties");
  std::vector<std::string> keys = properties == nullptr ? std::vector<std::string>{} : keys_of(*properties);
  // What can't be set here is no advice.
  std::erase_if(keys, [&](const std::string& each) {
    return each.starts_with('$') || resolve(document_, properties->at(each)).contains("x-instead");
  });
  std::string text = "unknown key";
  if (const auto nearest = did_you_mean(key, keys)) {
    text += "; did you mean `" + *nearest + "`?";
    meant_.insert(child(pointer.substr(0, pointer.rfind('/')), *nearest));
  } else if (keys.empty()) {
    text += "; there are no options here";
  } else if (keys.size() == 1) {
    text += "; the only key here is `" + keys.front() + '`';
  } else if (keys.size() <= kMostKeysListed) {
    text += "; the keys here are: " + listed(keys, ", ");
  }
  add(pointer, true, std::move(text));
}

std::vector<Violation> Walk::trial(const json& schema, json& value, const std::string& pointer) const {
  Walk walk{document_, secrets_, shown_};
  walk.check(schema, value, pointer);
  return std::move(walk.violations_);
}

std::string Walk::found(const json& value, const std::string& pointer) const {
  if (within_any(secrets_, pointer)) return "a value that isn't shown because it is secret";
  if (shown_)
    if (std::optional<std::string> words = shown_(pointer)) return *words;
  return found_phrase(value);
}

void Walk::expected(const json& schema, const json& value, const std::string& pointer, std::string_view hint) {
  std::string text = "expected " + expected_phrase(schema) + ", found " + found(value, pointer);
  if (!hint.empty()) (text += "; ") += hint;
  add(pointer, false, std::move(text));
}

void Walk::add(const std::string& pointer, bool about_key, std::string text) {
  violations_.push_back({.pointer = pointer, .about_key = about_key, .text = std::move(text)});
}

}  // namespace dispytch::schema
