// dispytch-conformance: tries every rule of the plugin contract on a plugin.
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "border/capabilities.hpp"
#include "border/inspect.hpp"
#include "border/library.hpp"
#include "kit/findings.hpp"
#include "kit/isolate.hpp"
#include "kit/options.hpp"
#include "kit/rule.hpp"
#include "kit/run.hpp"

namespace dispytch::conformance {
namespace {

enum : int { kConforms = 0, kFails = 1, kWrongUsage = 2 };

struct Arguments {
  std::string plugin = {};
  std::string config = {};
  std::string topic = {};
  std::vector<std::string> rules = {};
  bool list = false, markdown = false, json = false;
};

std::vector<Rule> chosen(const std::vector<std::string>& names) {
  const std::vector<Rule> all = all_rules();
  if (names.empty()) return all;
  std::vector<Rule> some;
  for (const std::string& name : names) {
    const auto rule = std::find_if(all.begin(), all.end(), [&](const Rule& one) { return one.name == name; });
    if (rule == all.end()) throw std::runtime_error{"no rule `" + name + "`; --list names them all"};
    some.push_back(*rule);
  }
  return some;
}

Verdict judge(const Rule& rule, const std::string& plugin, const Options& options) {
  const Result<const border::Library*> library = border::load(plugin);
  if (!library) return {Verdict::Kind::failed, library.error().text};
  return try_rule(rule, (*library)->table(), options);
}

int run(const Arguments& arguments) {
  const std::vector<Rule> rules = chosen(arguments.rules);
  const std::string path =
      arguments.plugin.find('/') == std::string::npos && arguments.plugin.ends_with(".so") ? "./" + arguments.plugin : arguments.plugin;
  const Result<border::PluginInfo> info = border::inspect(path);
  if (!info) throw std::runtime_error{info.error().text};

  const nlohmann::json schema = nlohmann::json::parse(info->schema);
  Options options = arguments.config.empty() ? Options{} : read_options(arguments.config, schema);
  if (!arguments.topic.empty()) options.topic = arguments.topic;
  options.id = info->path.stem().string();

  Findings findings{.plugin = *info};
  if (!arguments.json) std::cout << headline(findings) << std::flush;
  const auto timeout = options.patience * 10;  // a rule waits for several things in turn
  for (const Rule& rule : rules) {
    findings.verdicts.push_back({rule, try_in_child([&] { return judge(rule, info->path.string(), options); }, timeout)});
    if (!arguments.json) std::cout << to_text(findings.verdicts.back()) << std::flush;
  }
  std::cout << (arguments.json ? to_json(findings).dump(2) + "\n" : summary(findings));
  return findings.count(Verdict::Kind::failed) == 0 ? kConforms : kFails;
}

}  // namespace
}  // namespace dispytch::conformance

int main(int argc, char** argv) {
  using namespace dispytch::conformance;
  Arguments arguments;
  CLI::App app{
      "Tries every rule of dispytch's plugin contract on a broker plugin, each in a process of its own.\n"
      "Exit code: 0 no rule failed, 1 some did, 2 wrong usage or config.\n\n"
      "Example: dispytch-conformance ./my_broker.so --config my_broker.yaml"};
  app.add_option("plugin", arguments.plugin, "The plugin: a file with its path, or the NAME of one that is installed");
  app.add_option("--config", arguments.config, "YAML file: the backend's options under `config`, and what the kit must know of the broker")
      ->type_name("FILE");
  app.add_option("--topic", arguments.topic, "A topic that exists, in place of the config's")->type_name("NAME");
  app.add_option("--rule", arguments.rules, "Try this rule alone; may be given several times")->type_name("NAME");
  app.add_flag("--list", arguments.list, "List the rules and end");
  app.add_flag("--markdown", arguments.markdown, "With --list: as a document");
  app.add_flag("--json", arguments.json, "Write the result as JSON");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kConforms : kWrongUsage;
  }
  try {
    if (arguments.list) {
      std::cout << (arguments.json ? list_json().dump(2) + "\n" : arguments.markdown ? list_markdown() : list_text());
      return kConforms;
    }
    if (arguments.plugin.empty()) throw std::runtime_error{"no plugin is named; try --help"};
    return run(arguments);
  } catch (const std::exception& error) {
    std::cerr << "dispytch-conformance: " << error.what() << (std::string_view{error.what()}.ends_with('\n') ? "" : "\n");
    return kWrongUsage;
  }
}
