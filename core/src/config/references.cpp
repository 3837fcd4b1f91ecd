#include "config/references.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "schema/phrase.hpp"
#include "schema/pointer.hpp"
#include "text/quote.hpp"

namespace dispytch::config {

using nlohmann::json;

const json* References::follow(const json& user, const std::string& pointer, const char* key, const std::string& section) {
  const auto name = user.find(key);
  const std::string place = schema::child(pointer, key);
  if (name == user.end() || !name->is_string() || name->get_ref<const std::string&>().empty() || problems_.is_broken(place)) return nullptr;
  const json* const entries = schema::find(tree_.value, section);
  if (entries != nullptr && entries->is_object()) {
    const auto entry = entries->find(name->get_ref<const std::string&>());
    if (entry != entries->end()) return &*entry;
  }
  const std::string kind = section.substr(1, section.size() - 2);
  problems_.add(place, false, "no " + kind + ' ' + named(*name, place) + "; " + those_there_are(section));
  return nullptr;
}

const PluginInfo* References::plugin_of(const json& user) const {
  if (!user.is_object()) return nullptr;
  const auto backend = user.find("backend");
  if (backend == user.end() || !backend->is_string()) return nullptr;
  const auto plugin = plugins_.find(backend->get_ref<const std::string&>());
  return plugin == plugins_.end() ? nullptr : &plugin->second;
}

std::string References::named(const json& text, const std::string& pointer) const {
  const std::string words = shown(text.get_ref<const std::string&>(), pointer);
  const std::string escaped = json(words).dump();
  return escaped.size() == words.size() + 2 ? text::quoted(words) : escaped;
}

std::string References::backend_of(const json& user, const std::string& pointer) const {
  return "backend " + named(user.at("backend"), pointer + "/backend");
}

std::string References::shown(const std::string& text, const std::string& pointer) const {
  const auto written = tree_.written.find(pointer);
  return written == tree_.written.end() ? text : written->second;
}

// In the order of the file.
std::string References::those_there_are(const std::string& section) const {
  const json* const entries = schema::find(tree_.value, section);
  std::vector<std::string> names;
  if (entries != nullptr && entries->is_object())
    for (const auto& entry : entries->items()) names.push_back(entry.key());
  if (names.empty()) return "there are none";
  std::stable_sort(names.begin(), names.end(), [&](const std::string& left, const std::string& right) {
    const Position first = problems_.positions().key(schema::child(section, left));
    const Position second = problems_.positions().key(schema::child(section, right));
    return std::pair{first.line, first.column} < std::pair{second.line, second.column};
  });
  return names.size() == 1 ? "there is only `" + names.front() + '`' : "there are: " + schema::listed(names, ", ");
}

}  // namespace dispytch::config
