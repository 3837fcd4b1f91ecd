#include "config/validate.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "config/core_schema.hpp"
#include "schema/pointer.hpp"
#include "schema/schema.hpp"
#include "text/json_pointer.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;
using schema::child;
using schema::Schema;

const Schema& compiled_core_schema() {
  static const Schema schema = Schema::compile(json::parse(core_schema())).value();
  return schema;
}

const json* string_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? &*found : nullptr;
}

// The schemas of a plugin's four kinds of options.
struct PluginSchemas {
  Schema backend;
  Schema producer;
  Schema consumer;
  Schema topic;

  static Result<PluginSchemas> compile(const json& document) {
    Result<Schema> backend = Schema::compile(document, "backend");
    Result<Schema> producer = Schema::compile(document, "producer");
    Result<Schema> consumer = Schema::compile(document, "consumer");
    Result<Schema> topic = Schema::compile(document, "topic");
    for (const Result<Schema>* each : {&backend, &producer, &consumer, &topic})
      if (!*each) return each->error();
    return PluginSchemas{*backend, *producer, *consumer, *topic};
  }
};

class Validation {
 public:
  Validation(Tree& tree, const std::filesystem::path& folder, const LoadOptions& options, ProblemList& problems)
      : tree_{tree}, paths_{plugin_paths(tree.value, folder)}, options_{options}, problems_{problems} {}

  BackendPlugins run() {
    report("", compiled_core_schema().apply(tree_.value, shown("")));
    if (!tree_.value.is_object()) return {};
    // Of an application that isn't known here the section may hold anything; what sounds secret is.
    const json settings = options_.application.value_or(json{{"type", "object"}});
    check_options(Schema::compile(settings).value(), tree_.value, "", "application");
    if (!options_.plugin) return {};
    for_each("backends", [&](const std::string& name, json& backend, const std::string& pointer) {
      const PluginSchemas* plugin = find_plugin(name, backend, pointer);
      if (plugin == nullptr) return;
      const Fitting fitting = check_options(plugin->backend, backend, pointer);
      judged_[name] = judge(Section::backends, name, backend, pointer, fitting);
    });
    for_each("emitters", [&](const std::string&, json& emitter, const std::string& pointer) {
      const PluginSchemas* plugin = plugin_of(emitter);
      if (plugin == nullptr) return;
      const Fitting fitting = check_options(plugin->producer, emitter, pointer);
      judge(Section::emitters, emitter.at("backend"), emitter, pointer, fitting);
    });
    for_each("listeners", [&](const std::string&, json& listener, const std::string& pointer) {
      const PluginSchemas* plugin = plugin_of(listener);
      if (plugin == nullptr) return;
      const Fitting fitting = check_options(plugin->consumer, listener, pointer);
      judge(Section::listeners, listener.at("backend"), listener, pointer, fitting);
      const auto topics = listener.find("topics");
      if (topics == listener.end() || !topics->is_array()) return;
      for (std::size_t i = 0; i < topics->size(); ++i)
        if ((*topics)[i].is_object()) check_options(plugin->topic, (*topics)[i], child(pointer + "/topics", i));
    });
    return std::move(found_);
  }

 private:
  // What of a `config` fits its schema, and whether that is all of it.
  struct Fitting {
    json options = json::object();
    bool all = true;

    // Leaves out the option that a pointer into `config` leads to or into. Whether there was one.
    bool leave_out(std::string_view pointer) {
      all = false;
      const std::vector<std::string> steps = text::steps(pointer);
      return !steps.empty() && options.erase(steps.front()) > 0;
    }
  };

  template <class Visit>
  void for_each(const char* section, Visit visit) {
    const auto found = tree_.value.find(section);
    if (found == tree_.value.end() || !found->is_object()) return;
    for (auto& [name, entry] : found->items())
      if (entry.is_object()) visit(name, entry, child(child("", section), name));
  }

  const PluginSchemas* find_plugin(const std::string& name, const json& backend, const std::string& pointer) {
    const json* const plugin = string_at(backend, "plugin");
    const std::string place = pointer + "/plugin";
    if (plugin == nullptr || plugin->get_ref<const std::string&>().empty() || problems_.is_broken(place)) return nullptr;
    const std::string& wanted = plugin->get_ref<const std::string&>();
    auto info = looked_up_.find(wanted);
    if (info == looked_up_.end()) {
      info = looked_up_.emplace(wanted, options_.plugin(wanted, paths_)).first;
      if (info->second) {
        Result<PluginSchemas> schemas = PluginSchemas::compile(info->second->schema);
        if (!schemas) info->second = Error{.code = ErrorCode::config, .text = "plugin `" + wanted + "`: " + schemas.error().text};
        if (schemas) schemas_.emplace(wanted, std::move(*schemas));
      }
    }
    if (!info->second) {
      // It names what was looked for and where, which the file may have from a secret place.
      problems_.add(place, false, scrub(tree_.value, tree_.secrets, info->second.error().text));
      return nullptr;
    }
    found_[name] = *info->second;
    plugin_names_[name] = wanted;
    return schemas_of_backend_[name] = &schemas_.at(wanted);
  }

  // The schemas behind the `backend:` of an emitter or a listener; null where that leads nowhere.
  const PluginSchemas* plugin_of(const json& user) const {
    const json* const backend = string_at(user, "backend");
    if (backend == nullptr) return nullptr;
    const auto found = schemas_of_backend_.find(backend->get_ref<const std::string&>());
    return found == schemas_of_backend_.end() ? nullptr : found->second;
  }

  // Checks the `config`, or another key, of an entry. One that isn't there may lack keys that are required.
  Fitting check_options(const Schema& schema, json& entry, const std::string& pointer, const char* key = "config") {
    const std::string place = pointer + "/" + key;
    const auto config = entry.find(key);
    json none = json::object();
    json& options = config == entry.end() ? none : *config;
    if (!options.is_object()) return {.all = false};  // core's schema has said so
    for (const std::string& secret : schema.secrets(options)) tree_.secrets.insert(place + secret);
    const json written = options;
    const std::vector<schema::Violation> violations = schema.apply(options, shown(place));
    report(place, violations);
    Fitting fitting{.options = options};
    refuse_changed_letters(schema, written, place, fitting);
    for (const schema::Violation& violation : violations) fitting.leave_out(violation.pointer);
    for (const std::string& broken : tree_.broken)
      if (schema::within(place, broken)) fitting.leave_out(std::string_view{broken}.substr(place.size()));
    return fitting;
  }

  // A number or a word that reaches the plugin with other letters than the file has, where the schema would take the text as well: what
  // was meant then depends on the letters, such as those of a version or a rack.
  void refuse_changed_letters(const Schema& schema, const json& written, const std::string& place, Fitting& fitting) {
    for (auto entry = tree_.letters.lower_bound(place + '/'); entry != tree_.letters.end() && schema::within(place, entry->first);
         ++entry) {
      const std::string pointer = entry->first.substr(place.size());
      const json::json_pointer in_options{pointer};
      if (problems_.is_broken(entry->first) || problems_.is_reported(entry->first) || !written.contains(in_options)) continue;
      json as_text = written;
      as_text[in_options] = entry->second;
      const std::vector<schema::Violation> violations = schema.apply(as_text);
      const bool fits = std::none_of(violations.begin(), violations.end(),
                                     [&](const schema::Violation& violation) { return schema::within(pointer, violation.pointer); });
      if (!fits) continue;
      const bool shown = !tree_.secrets.contains(entry->first) && !tree_.written.contains(entry->first);
      const std::string value = written[in_options].dump();
      problems_.add(
          entry->first, false,
          shown ? "`" + entry->second + "` would arrive as `" + value + "`; quote it: \"" + entry->second + "\""
                : "the value would arrive with other letters, as it is unquoted and looks like a number or a truth value; quote it");
      fitting.leave_out(pointer);
    }
  }

  // Asks the plugin again and again, each time without the option that it refused, so that all are told. What it says of no option in
  // particular counts where nothing was left out: what was may be what it misses. A fatal refusal is the last: it says that the options
  // don't go together, and without the one that is named there would only be another. Returns what it took.
  json judge(Section section, const std::string& backend, const json& entry, const std::string& pointer, Fitting fitting) {
    while (options_.judge && !refused_.contains(backend)) {
      json candidate = entry;
      candidate["config"] = fitting.options;
      const json& of_backend = section == Section::backends ? fitting.options : judged_.at(backend);
      const std::optional<Error> error = options_.judge(
          {.section = section, .plugin = plugin_names_.at(backend), .plugin_paths = paths_, .backend = of_backend, .entry = candidate});
      if (!error || error->code != ErrorCode::config) break;
      Refusal refusal = read_refusal(error->text);
      const bool all = fitting.all;
      const bool inherited = section != Section::backends && stands_in_backend(fitting.options, of_backend, refusal.pointer);
      const bool named = !inherited && fitting.leave_out(std::string_view{refusal.pointer}.substr(std::string_view{"/config"}.size()));
      const std::string owner = inherited ? child("/backends", backend) : pointer;
      if (named || inherited || all) {
        problems_.add(owner + refusal.pointer, true, scrub(tree_.value, tree_.secrets, std::move(refusal.text)));
      }
      if (error->fatal && section == Section::backends) refused_.insert(backend);  // there is nothing for its users to go with
      if (!named || error->fatal) break;
    }
    return std::move(fitting.options);
  }

  void report(const std::string& prefix, const std::vector<schema::Violation>& violations) {
    for (const schema::Violation& violation : violations) problems_.add(prefix + violation.pointer, violation.about_key, violation.text);
  }

  // Values that something was put into are shown as the file has them: what was put in may be secret. So are numbers, digit by digit.
  schema::Shown shown(const std::string& prefix) const {
    return [this, prefix](const std::string& pointer) -> std::optional<std::string> {
      if (const auto written = tree_.written.find(prefix + pointer); written != tree_.written.end())
        return "the value of " + json(written->second).dump();
      const auto letters = tree_.letters.find(prefix + pointer);
      return letters == tree_.letters.end() ? std::nullopt : std::optional{letters->second};
    };
  }

  Tree& tree_;
  std::vector<std::filesystem::path> paths_;
  const LoadOptions& options_;
  ProblemList& problems_;
  std::map<std::string, Result<PluginInfo>> looked_up_ = {};  // by what stands behind `plugin:`
  std::map<std::string, PluginSchemas> schemas_ = {};         // by the same
  std::map<std::string, const PluginSchemas*> schemas_of_backend_ = {};
  std::map<std::string, std::string> plugin_names_ = {};  // what stands behind `plugin:`, by the names of the backends
  std::set<std::string> refused_ = {};                    // backends whose options don't go together
  std::map<std::string, json> judged_ = {};               // what their plugins take of their `config`, by the same
  BackendPlugins found_ = {};
};

}  // namespace

BackendPlugins validate(Tree& tree, const std::filesystem::path& folder, const LoadOptions& options, ProblemList& problems) {
  return Validation{tree, folder, options, problems}.run();
}

std::filesystem::path absolute(const std::filesystem::path& folder, const std::string& path) { return (folder / path).lexically_normal(); }

std::vector<std::filesystem::path> plugin_paths(const json& root, const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  const json* const listed = schema::find(root, "/plugins/paths");
  if (listed == nullptr || !listed->is_array()) return paths;
  for (const json& path : *listed)
    if (path.is_string()) paths.push_back(absolute(folder, path));
  return paths;
}

}  // namespace dispytch::config
