// Writes docs/configuration.md: a text with the tables of all keys, which come from the schemas.
//
//   make_configuration_docs [--check] TEMPLATE NAME=SCHEMA... OUTPUT
//
// The line `@keys core@` of the template becomes the tables of a whole file, `@keys NAME@` those of a plugin's four kinds of options.
// --check writes nothing and ends with 1 where OUTPUT isn't what would be written. A key without description or example, or a default
// without its reason ("x-reason"), is an error: what isn't documented doesn't land.
#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/scalar.hpp"
#include "docs/made_file.hpp"
#include "schema/phrase.hpp"
#include "schema/units.hpp"

namespace {

using dispytch::docs::read;
using json = nlohmann::ordered_json;  // keys in the order of the schema

// A value as it stands inside a line of YAML.
std::string yaml(const json& value) {
  if (value.is_string()) {
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    const std::string text = value;
    const bool plain = text.find_first_not_of(kPlain) == std::string::npos && dispytch::config::resolve_plain(text).value.is_string();
    return plain ? text : value.dump();
  }
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, part] : value.items()) text += (text.empty() ? "" : ", ") + (value.is_object() ? key + ": " : "") + yaml(part);
  if (value.is_array()) return '[' + text + ']';
  return text.empty() ? "{}" : "{ " + text + " }";
}

std::string code(const std::string& text) { return '`' + text + '`'; }

std::string text_at(const json& schema, const char* keyword) {
  const auto found = schema.find(keyword);
  return found == schema.end() ? "" : found->get<std::string>();
}

template <class Show>
std::string bounds(const json& schema, Show show) {
  const auto low = schema.find("minimum");
  const auto high = schema.find("maximum");
  if (low != schema.end() && high != schema.end()) return ", " + show(*low) + " to " + show(*high);
  if (low != schema.end()) return ", at least " + show(*low);
  return high == schema.end() ? "" : ", at most " + show(*high);
}

class Tables {
 public:
  explicit Tables(const json& document) : document_{document} {}

  std::string of_a_file() && {
    table("", document_);
    return std::move(out_);
  }

  std::string of_a_plugin() && {
    options("backend", "backends.NAME.config");
    options("producer", "emitters.NAME.config");
    options("consumer", "listeners.NAME.config");
    options("topic", "listeners.NAME.topics[].config");
    return std::move(out_);
  }

 private:
  // An object that has keys of its own, and how its place is written.
  struct Object {
    std::string path;
    const json* schema;
  };

  const json& resolve(const json& schema) const {
    const std::string reference = text_at(schema, "$ref");
    return reference.empty() ? schema : document_.at(json::json_pointer{reference.substr(1)});
  }

  void options(const char* kind, const std::string& path) {
    const json& schema = resolve(document_.at("$defs").at(kind));
    out_ += "\n### " + code(path) + '\n';
    if (const auto known = described_.find(&schema); known != described_.end()) {
      out_ += "\nThe same as " + code(known->second) + ".\n";
      return;
    }
    described_[&schema] = path;
    if (!schema.contains("properties")) {
      out_ += "\nThere are no options.\n";
      return;
    }
    table(path, schema);
    refused(schema);
  }

  // The table of an object's keys, then those of the objects in it.
  void table(const std::string& path, const json& schema) {
    std::set<std::string> required;
    if (const auto keys = schema.find("required"); keys != schema.end()) required = keys->get<std::set<std::string>>();
    std::vector<Object> inside;
    out_ += "\n| key | takes | default | |\n|---|---|---|---|\n";
    for (const auto& [key, property] : schema.at("properties").items()) {
      const json& resolved = resolve(property);
      if (resolved.contains("x-instead")) continue;
      const std::string place = path.empty() ? key : path + '.' + key;
      const std::optional<Object> object = object_in(place, resolved);
      if (object && described_.try_emplace(object->schema, object->path).second) inside.push_back(*object);
      std::string text = description(place, resolved);
      if (object) text += " See " + code(described_.at(object->schema)) + '.';
      if (!object || resolved.contains("examples")) text += " Example: " + example(place, resolved);
      row({code(key), takes(resolved), required.contains(key) ? "required" : otherwise(place, resolved), text});
    }
    if (const auto others = schema.find("additionalProperties"); others != schema.end() && others->is_object())
      row({"any other", takes(*others), "", description(path, *others)});
    for (const Object& object : inside) {
      out_ += "\n### " + code(object.path) + '\n';
      if (const std::string text = text_at(*object.schema, "description"); !text.empty()) out_ += '\n' + text + '\n';
      table(object.path, *object.schema);
    }
  }

  // The object that a key is, or that its values or items are.
  std::optional<Object> object_in(const std::string& path, const json& schema) const {
    if (schema.contains("properties")) return Object{path, &schema};
    if (const auto values = schema.find("additionalProperties"); values != schema.end() && values->is_object()) {
      std::string name = path.substr(path.rfind('.') + 1);
      if (name.ends_with('s')) name.pop_back();
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      return object_in(path + '.' + (path.find('.') == std::string::npos ? "NAME" : name), resolve(*values));
    }
    if (const auto items = schema.find("items"); items != schema.end()) {
      for (const json* kind : kinds(*items))
        if (kind->contains("properties")) return Object{path + "[]", kind};
    }
    return std::nullopt;
  }

  static std::vector<const json*> kinds(const json& items) {
    std::vector<const json*> kinds;
    if (const auto any = items.find("anyOf"); any != items.end()) {
      for (const json& kind : *any) kinds.push_back(&kind);
    } else {
      kinds.push_back(&items);
    }
    return kinds;
  }

  static std::string takes(const json& schema) {
    std::string text;
    const auto type = schema.find("type");
    const auto quantity = dispytch::schema::quantity_of_format(text_at(schema, "format"));
    if (const auto constant = schema.find("const"); constant != schema.end()) {
      text = code(yaml(*constant));
    } else if (const auto values = schema.find("enum"); values != schema.end()) {
      for (const json& value : *values) text += (text.empty() ? "" : ", ") + code(yaml(value));
    } else if (quantity) {
      const std::string unit = text_at(schema, "unit");
      text = *quantity == dispytch::schema::Quantity::duration ? "duration" : "size";
      if (type->is_array()) text += ", or an integer in " + unit;
      text += bounds(schema, [&](const json& bound) { return dispytch::schema::print_quantity(*quantity, bound, unit); });
    } else {
      std::vector<std::string> words;
      for (const json& word : type->is_array() ? *type : json::array({*type})) words.push_back(type_word(word, schema));
      text = dispytch::schema::listed(words, " or ") + bounds(schema, [](const json& bound) { return bound.dump(); });
    }
    return text + (schema.contains("writeOnly") ? ", secret" : "");
  }

  static std::string type_word(const std::string& type, const json& schema) {
    if (type == "boolean") return "`true` or `false`";
    if (type == "object") return "mapping";
    if (type != "array") return type;
    std::vector<std::string> words;
    for (const json* kind : kinds(schema.at("items"))) words.push_back(type_word(kind->at("type"), *kind) + 's');
    return "list of " + dispytch::schema::listed(words, " or ");
  }

  static std::string otherwise(const std::string& path, const json& schema) {
    const auto value = schema.find("default");
    if (value == schema.end()) return "";
    if (value->is_structured() && value->empty()) return code(yaml(*value));
    if (!schema.contains("x-reason")) throw std::runtime_error{path + ": the default has no reason"};
    return code(yaml(*value)) + ". " + text_at(schema, "x-reason");
  }

  static std::string description(const std::string& path, const json& schema) {
    if (!schema.contains("description")) throw std::runtime_error{path + ": there is no description"};
    return text_at(schema, "description");
  }

  static std::string example(const std::string& path, const json& schema) {
    if (!schema.contains("examples")) throw std::runtime_error{path + ": there is no example"};
    return code(yaml(schema.at("examples").at(0)));
  }

  void refused(const json& schema) {
    const std::size_t before = out_.size();
    out_ += "\nRefused, since something else decides them:\n\n| key | |\n|---|---|\n";
    const std::size_t heading = out_.size();
    for (const auto& [key, property] : schema.at("properties").items())
      if (const std::string instead = text_at(property, "x-instead"); !instead.empty()) row({code(key), instead});
    if (out_.size() == heading) out_.resize(before);
  }

  void row(const std::vector<std::string>& cells) {
    for (const std::string& cell : cells) {
      out_ += cell.empty() ? "|" : "| ";
      for (const char c : cell) out_ += c == '|' ? "\\|" : std::string{c};
      out_ += ' ';
    }
    out_ += "|\n";
  }

  const json& document_;
  std::string out_ = {};
  std::map<const json*, std::string> described_ = {};  // objects that have a table, and where
};

std::string keys(const std::string& name, const std::string& file) {
  const json document = json::parse(read(file));
  return name == "core" ? Tables{document}.of_a_file() : Tables{document}.of_a_plugin();
}

std::string fill_in(const std::string& text, const std::map<std::string, std::string>& schemas) {
  std::istringstream lines{text};
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("@keys ") && line.ends_with('@')) {
      const std::string name = line.substr(6, line.size() - 7);
      result += keys(name, schemas.at(name)).substr(1);
    } else {
      result += line + '\n';
    }
  }
  return result;
}

std::string make(const std::vector<std::string>& arguments) {
  std::map<std::string, std::string> schemas;
  for (std::size_t i = 1; i + 1 < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    schemas[arguments[i].substr(0, equals)] = arguments[i].substr(equals + 1);
  }
  return fill_in(read(arguments.front()), schemas);
}

}  // namespace

int main(int argc, char** argv) {
  return dispytch::docs::make_file(argc, argv, "make_configuration_docs [--check] TEMPLATE NAME=SCHEMA... OUTPUT", 2, "the schemas say",
                                   make);
}
