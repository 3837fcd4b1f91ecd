#include <charconv>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include <dispytch/plugin/abi.h>

#include "config/check_handling.hpp"
#include "config/references.hpp"
#include "config/scalar.hpp"
#include "config/validate.hpp"
#include "schema/pointer.hpp"
#include "schema/schema.hpp"
#include "text/json_pointer.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;
using schema::child;

// Of sockaddr_un (unix(7)): 108 with the zero at the end.
constexpr std::size_t kLongestSocketPath = 107;

// HOST:PORT; an address of IPv6 in brackets.
bool is_address(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (!(bracketed ? all_of(host.substr(1, host.size() - 2), "0123456789abcdefABCDEF:.") : all_of(host, kLetters))) return false;
  unsigned number = 0;
  return all_of(port, kDigits) && std::from_chars(port.data(), port.data() + port.size(), number).ec == std::errc{} && number <= 65535;
}

class CrossCheck {
 public:
  CrossCheck(const Tree& tree, const BackendPlugins& plugins, ProblemList& problems)
      : tree_{tree}, references_{tree, plugins, problems}, problems_{problems} {}

  void run(const std::filesystem::path& folder) {
    check_http();
    check_control(folder);
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
      check_handling(listener, pointer, references_, problems_);
      if (plugin == nullptr) return;
      if (can(*plugin, DISPYTCH_CAN_CONSUME)) {
        check_group(listener, pointer, *plugin);
        check_instance(listener, pointer, *plugin);
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

  // The backend's plugin. Null where there is nothing more to check: no such backend, or a plugin that wasn't found.
  const PluginInfo* check_backend(const json& user, const std::string& pointer) {
    return references_.follow(user, pointer, "backend", "/backends") == nullptr ? nullptr : references_.plugin_of(user);
  }

  std::string backend_of(const json& user, const std::string& pointer) const { return references_.backend_of(user, pointer); }

  void check_topics(const json& listener, const std::string& pointer, const PluginInfo* plugin) {
    const json* const topics = schema::find(listener, "/topics");
    if (topics == nullptr || !topics->is_array()) return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < topics->size(); ++i) {
      const json& topic = (*topics)[i];
      const std::string place = child(pointer + "/topics", i);
      const json* const name = topic.is_string() ? &topic : schema::find(topic, "/name");
      if (name != nullptr && name->is_string() && !seen.insert(name->get<std::string>()).second)
        problems_.add(place, false,
                      "topic " + references_.named(*name, topic.is_string() ? place : place + "/name") + " stands in the list already");
      if (topic.is_object() && topic.contains("pattern") && plugin != nullptr && !can(*plugin, DISPYTCH_CAN_PATTERNS))
        problems_.add(place + "/pattern", true, backend_of(listener, pointer) + " can't subscribe to patterns; list the topics by name");
    }
  }

  static std::string name_of(const std::string& pointer) { return text::steps(pointer).back(); }

  void check_group(const json& listener, const std::string& pointer, const PluginInfo& plugin) {
    const bool given = listener.contains("group");
    if (can(plugin, DISPYTCH_CAN_GROUPS) && !given)
      problems_.add(pointer + "/group", true,
                    "missing; " + backend_of(listener, pointer) + " keeps positions for consumer groups: name one");
    if (!can(plugin, DISPYTCH_CAN_GROUPS) && given)
      problems_.add(pointer + "/group", true, backend_of(listener, pointer) + " has no consumer groups; remove the key");
  }

  // Two members with one name would throw each other out for ever.
  void check_instance(const json& listener, const std::string& pointer, const PluginInfo& plugin) {
    const json* const name = text_at(pointer + "/instance");
    if (name == nullptr) return;
    if (!can(plugin, DISPYTCH_CAN_INSTANCE)) {
      problems_.add(pointer + "/instance", true,
                    backend_of(listener, pointer) + " doesn't know a member again by its name; remove the key");
      return;
    }
    const json* const backend = text_at(pointer + "/backend");
    const json* const group = text_at(pointer + "/group");
    if (backend == nullptr || group == nullptr) return;
    const auto [first, is_new] =
        instances_.try_emplace({backend->get<std::string>(), group->get<std::string>(), name->get<std::string>()}, pointer);
    if (is_new) return;
    problems_.add(pointer + "/instance", false,
                  "listener `" + name_of(first->second) + "` has the same instance " + references_.named(*name, pointer + "/instance") +
                      " in the same group; each member needs a name of its own");
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

  // The text at a pointer that the schema has nothing against; null where there is none.
  const json* text_at(const std::string& pointer) const {
    const json* const value = schema::find(tree_.value, pointer);
    return value == nullptr || !value->is_string() || problems_.is_broken(pointer) || problems_.is_reported(pointer) ? nullptr : value;
  }

  void check_http() {
    const std::string pointer = "/http/address";
    const json* const address = text_at(pointer);
    if (address != nullptr && !is_address(address->get_ref<const std::string&>()))
      problems_.add(
          pointer, false,
          "expected HOST:PORT with a port of at most 65535, such as `127.0.0.1:9102`, found " + references_.named(*address, pointer));
  }

  void check_control(const std::filesystem::path& folder) {
    const std::string pointer = "/control/socket";
    const json* const socket = text_at(pointer);
    if (socket == nullptr) return;
    const std::size_t length = absolute(folder, socket->get_ref<const std::string&>()).native().size();
    if (length > kLongestSocketPath)
      problems_.add(
          pointer, false,
          "the path has " + std::to_string(length) + " bytes; that of a Unix socket may have " + std::to_string(kLongestSocketPath));
  }

  const Tree& tree_;
  References references_;
  ProblemList& problems_;
  std::map<std::tuple<std::string, std::string, std::string>, std::string> instances_ = {};  // by backend, group and name: where
};

}  // namespace

void cross_check(const Tree& tree, const std::filesystem::path& folder, const BackendPlugins& plugins, ProblemList& problems) {
  CrossCheck{tree, plugins, problems}.run(folder);
}

}  // namespace dispytch::config
