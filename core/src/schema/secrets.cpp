#include "schema/secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "schema/pointer.hpp"
#include "schema/walk.hpp"

namespace dispytch::schema {
namespace {

using nlohmann::json;

constexpr int kMostNested = 256;  // schemas may refer to themselves

class Search {
 public:
  explicit Search(const json& document) : document_{document} {}

  void visit(const json& unresolved, const json& value, const std::string& pointer, int depth) {
    const json& schema = resolve(document_, unresolved);
    if (!schema.is_object() || depth > kMostNested) return;
    if (schema.value("writeOnly", false)) found_.insert(pointer);
    for (const char* each : {"allOf", "anyOf", "oneOf"}) {
      if (const auto branches = schema.find(each); branches != schema.end())
        for (const json& branch : *branches) visit(branch, value, pointer, depth + 1);
    }
    for (const char* each : {"if", "then", "else"}) {
      if (const auto branch = schema.find(each); branch != schema.end()) visit(*branch, value, pointer, depth + 1);
    }
    if (value.is_object()) visit_keys(schema, value, pointer, depth);
    if (value.is_array()) visit_items(schema, value, pointer, depth);
  }

  // Keys that no schema names are judged by their own names.
  void judge_names(const json& value, const std::string& pointer) {
    if (!value.is_structured() || found_.contains(pointer)) return;
    for (const auto& [key, part] : value.items()) {
      const std::string place = child(pointer, key);
      if (value.is_object() && !described_.contains(place) && sounds_secret(key)) {
        found_.insert(place);
      } else {
        judge_names(part, place);
      }
    }
  }

  std::set<std::string> found() && { return std::move(found_); }

 private:
  void visit_keys(const json& schema, const json& value, const std::string& pointer, int depth) {
    const auto properties = schema.find("properties");
    for (const auto& [key, part] : value.items()) {
      const std::string place = child(pointer, key);
      if (properties != schema.end() && properties->contains(key)) described_.insert(place);
      for (const json* about : schemas_of_key(schema, key)) visit(*about, part, place, depth + 1);
    }
  }

  void visit_items(const json& schema, const json& value, const std::string& pointer, int depth) {
    const auto items = schema.find("items");
    if (items == schema.end()) return;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!items->is_array()) {
        visit(*items, value[i], child(pointer, i), depth + 1);
      } else if (i < items->size()) {
        visit((*items)[i], value[i], child(pointer, i), depth + 1);
      }
    }
  }

  const json& document_;
  std::set<std::string> found_ = {};
  std::set<std::string> described_ = {};
};

}  // namespace

bool sounds_secret(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  constexpr std::array<std::string_view, 9> kTelling = {"password",   "passwd",     "passphrase", "secret",   "token",
                                                        "credential", "privatekey", "apikey",     "accesskey"};
  return folded.ends_with("keypem") || folded.ends_with("jaasconfig") ||
         std::any_of(kTelling.begin(), kTelling.end(), [&](std::string_view word) { return folded.find(word) != std::string::npos; });
}

std::set<std::string> find_secrets(const json& document, const json& schema, const json& value) {
  Search search{document};
  search.visit(schema, value, "", 0);
  search.judge_names(value, "");
  return std::move(search).found();
}

}  // namespace dispytch::schema
