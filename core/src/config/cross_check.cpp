#include <algorithm>
#include <set>

#include <dispytch/plugin/abi.h>

#include "config/validate.hpp"
#include "schema/phrase.hpp"
#include "schema/pointer.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;
using schema::child;

class CrossCheck {
 public:
  CrossCheck(const Tree& tree, const BackendPlugins& plugins, ProblemList& problems)
      : tree_{tree}, plugins_{plugins}, problems_{problems} {}

  void run() {
    for_each("/backends", [&](const json& backend, const std::string& pointer) {
      check_wire(pointer + "/wire");
      if (const json* topics = schema::find(backend, "/topics"); topics != nullptr && topics->is_object())
        for (const auto& topic : topics->items()) check_wire(child(pointer + "/topics", topic.key()) + "/wire");
    });
    for_each("/emitters", [&](const json& emitter, const std::string& pointer) {
      const PluginInfo* plugin = check_backend(emitter, pointer);
      if (plugin != nullptr && !can(*plugin, DISPYTCH_CAN_PRODUCE))
        problems_.add(pointer + "/backend", false, backend_of(emitter, pointer) + " can't produce; an emitter needs one that can");
    });
    for_each("/listeners", [&](const json& listener, const std::string& pointer) {
      const PluginInfo* plugin = check_backend(listener, pointer);
      check_topics(listener, pointer, plugin);
      if (plugin == nullptr) return;
      if (can(*plugin, DISPYTCH_CAN_CONSUME)) {
        check_group(listener, pointer, *plugin);
        check_delivery(listener, pointer, *plugin);
      } else {
        problems_.add(pointer + "/backend", false, backend_of(listener, pointer) + " can't consume; a listener needs one that can");
      }
    });
  }

 private:
  template <class Visit>
  void for_each(const std::string& section, Visit visit) const {
    const json* const entries = schema::find(tree_.value, section);
    if (entries == nullptr || !entries->is_object()) return;
    for (const auto& [name, entry] : entries->items())
      if (entry.is_object()) visit(entry, child(section, name));
  }

  static bool can(const PluginInfo& plugin, std::uint64_t capability) { return (plugin.capabilities & capability) != 0; }

  // The name in a text; of one that something was put into, what the file has.
  std::string named(const json& name, const std::string& pointer) const {
    const auto written = tree_.written.find(pointer);
    const std::string& text = written == tree_.written.end() ? name.get_ref<const std::string&>() : written->second;
    const std::string escaped = json(text).dump();
    return escaped.size() == text.size() + 2 ? '`' + text + '`' : escaped;
  }

  std::string backend_of(const json& user, const std::string& pointer) const {
    return "backend " + named(user.at("backend"), pointer + "/backend");
  }

  // Null where there is nothing more to check: no such backend, or a plugin that wasn't found.
  const PluginInfo* check_backend(const json& user, const std::string& pointer) {
    const auto backend = user.find("backend");
    if (backend == user.end() || !backend->is_string() || problems_.is_broken(pointer + "/backend")) return nullptr;
    const std::string& name = backend->get_ref<const std::string&>();
    if (name.empty()) return nullptr;
    const json* const backends = schema::find(tree_.value, "/backends");
    if (backends == nullptr || !backends->is_object() || !backends->contains(name)) {
      problems_.add(pointer + "/backend", false, "no backend " + named(*backend, pointer + "/backend") + "; " + those_there_are(backends));
      return nullptr;
    }
    const auto plugin = plugins_.find(name);
    return plugin == plugins_.end() ? nullptr : &plugin->second;
  }

  // In the order of the file.
  std::string those_there_are(const json* backends) const {
    std::vector<std::string> names;
    if (backends != nullptr && backends->is_object())
      for (const auto& entry : backends->items()) names.push_back(entry.key());
    if (names.empty()) return "there are none";
    std::stable_sort(names.begin(), names.end(), [&](const std::string& left, const std::string& right) {
      const Position first = problems_.positions().key(child("/backends", left));
      const Position second = problems_.positions().key(child("/backends", right));
      return std::pair{first.line, first.column} < std::pair{second.line, second.column};
    });
    return names.size() == 1 ? "there is only `" + names.front() + '`' : "there are: " + schema::listed(names, ", ");
  }

  void check_topics(const json& listener, const std::string& pointer, const PluginInfo* plugin) {
    const json* const topics = schema::find(listener, "/topics");
    if (topics == nullptr || !topics->is_array()) return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < topics->size(); ++i) {
      const json& topic = (*topics)[i];
      const std::string place = child(pointer + "/topics", i);
      const json* const name = topic.is_string() ? &topic : schema::find(topic, "/name");
      if (name != nullptr && name->is_string() && !seen.insert(name->get<std::string>()).second)
        problems_.add(place, false, "topic " + named(*name, topic.is_string() ? place : place + "/name") + " stands in the list already");
      if (topic.is_object() && topic.contains("pattern") && plugin != nullptr && !can(*plugin, DISPYTCH_CAN_PATTERNS))
        problems_.add(place + "/pattern", true, backend_of(listener, pointer) + " can't subscribe to patterns; list the topics by name");
    }
  }

  void check_group(const json& listener, const std::string& pointer, const PluginInfo& plugin) {
    const bool given = listener.contains("group");
    if (can(plugin, DISPYTCH_CAN_GROUPS) && !given)
      problems_.add(pointer + "/group", true,
                    "missing; " + backend_of(listener, pointer) + " keeps positions for consumer groups: name one");
    if (!can(plugin, DISPYTCH_CAN_GROUPS) && given)
      problems_.add(pointer + "/group", true, backend_of(listener, pointer) + " has no consumer groups; remove the key");
  }

  void check_delivery(const json& listener, const std::string& pointer, const PluginInfo& plugin) {
    const bool acknowledges = can(plugin, DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_ACK_UP_TO);
    const bool at_most_once = listener.value("delivery", json()) == json("at_most_once");
    if (!acknowledges && !at_most_once)
      problems_.add(pointer + "/delivery", !listener.contains("delivery"),
                    backend_of(listener, pointer) +
                        " can't acknowledge, so a message is delivered at most once; write `delivery: at_most_once` "
                        "to accept that");
    if (acknowledges && at_most_once)
      problems_.add(pointer + "/delivery", false, backend_of(listener, pointer) + " delivers at least once; remove the key");
  }

  void check_wire(const std::string& pointer) {
    const json* const wire = schema::find(tree_.value, pointer);
    if (wire != nullptr && wire->is_object() && wire->contains("type") && wire->value("form", json("envelope")) == json("envelope"))
      problems_.add(pointer + "/type", true, "an envelope holds its type itself; remove the key, or write `form: flat`");
  }

  const Tree& tree_;
  const BackendPlugins& plugins_;
  ProblemList& problems_;
};

}  // namespace

void cross_check(const Tree& tree, const BackendPlugins& plugins, ProblemList& problems) { CrossCheck{tree, plugins, problems}.run(); }

}  // namespace dispytch::config
