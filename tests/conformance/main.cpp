// dispytch-conformance: tries every rule of the plugin contract on a plugin.
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "border/capabilities.hpp"
#include "border/inspect.hpp"
#include "border/library.hpp"
#include "kit/failure.hpp"
#include "kit/findings.hpp"
#include "kit/isolate.hpp"
#include "kit/keys.hpp"
#include "kit/network.hpp"
#include "kit/options.hpp"
#include "kit/preflight.hpp"
#include "kit/rule.hpp"
#include "kit/run.hpp"
#include "kit/side_by_side.hpp"

namespace dispytch::conformance {
namespace {

enum : int { kConforms = 0, kFails = 1, kWrongUsage = 2 };

struct Arguments {
  std::string plugin = {};
  std::string config = {};
  std::string topic = {};
  std::vector<std::string> rules = {};
  std::string junit = {};
  std::size_t jobs = 1;
  bool list = false, markdown = false, json = false, progress = false, help_config = false, example_config = false, skip_slow = false,
       only_slow = false;
};

std::vector<Rule> chosen(const std::vector<std::string>& patterns) {
  const std::vector<Rule> all = all_rules();
  if (patterns.empty()) return all;
  std::set<std::string_view> names;
  for (const std::string& pattern : patterns) {
    const std::size_t before = names.size();
    bool matched = false;
    for (const Rule& rule : all) {
      if (fnmatch(pattern.c_str(), std::string{rule.name}.c_str(), 0) != 0) continue;
      names.insert(rule.name);
      matched = true;
    }
    if (!matched && before == names.size()) throw std::runtime_error{"no rule `" + pattern + "`; --list names them all"};
  }
  std::vector<Rule> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some), [&](const Rule& rule) { return names.contains(rule.name); });
  return some;
}

// Loads the plugin, in a child process, and uses its table.
template <class Use>
Verdict with_plugin(const std::string& path, Use use) {
  const Result<const border::Library*> library = border::load(path);
  if (!library) return {Verdict::Kind::failed, library.error().text};
  return use((*library)->table());
}

// What has begun and ended, on standard error: over and over on one line of a terminal, else a line each.
class Progress {
 public:
  Progress(bool wanted, std::size_t total) : terminal_{isatty(STDERR_FILENO) == 1}, on_{wanted || terminal_}, total_{total} {}
  void begun(const std::string& name) {
    running_.insert(name);
    if (terminal_) show();
  }
  void ended(const std::string& name) {
    running_.erase(name);
    ++done_;
    show();
  }
  void clear() const {
    if (on_ && terminal_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  void show() const {
    if (!on_) return;
    std::string text = say(done_, " of ", total_, " rules");
    for (const std::string& name : running_) text += " " + name;
    std::cerr << (terminal_ ? "\r\033[K" : "") << text.substr(0, 100) << (terminal_ ? "" : "\n") << std::flush;
  }
  const bool terminal_, on_;
  const std::size_t total_;
  std::size_t done_ = 0;
  std::set<std::string> running_;
};

// How many rules may run at a time, with the reason on standard error where that is fewer than asked for.
std::size_t jobs_for(const Arguments& arguments, const Options& options, std::uint64_t capabilities) {
  if (arguments.jobs <= 1) return 1;
  if ((capabilities & DISPYTCH_CAN_CONSUME) == 0 || (capabilities & DISPYTCH_CAN_GROUPS) != 0 || options.has_topics_for_jobs())
    return arguments.jobs;
  std::cerr << "dispytch-conformance: one rule at a time: the backend has no groups, and rules would read each other's messages of topic `"
            << options.topic << "`; write `{job}` into the name, such as `" << options.topic << "-{job}`\n";
  return 1;
}

void write_junit(const Arguments& arguments, const Findings& findings) {
  if (arguments.junit.empty()) return;
  std::ofstream file{arguments.junit};
  file << to_junit(findings) << std::flush;
  if (!file) throw std::runtime_error{arguments.junit + ": the file can't be written"};
}

std::vector<Judged> try_all(const std::vector<Rule>& rules, const Arguments& arguments, const Options& options,
                            const border::PluginInfo& plugin) {
  std::vector<Judged> verdicts;
  std::vector<Rule> tried;
  std::vector<std::size_t> places;  // of those that are tried, among all
  for (const Rule& rule : rules) {
    Verdict verdict;
    if (arguments.config.empty() && !rule.offline) verdict = {Verdict::Kind::not_tried, "it needs a broker, and there is no --config"};
    if (arguments.skip_slow && rule.slow) verdict = {Verdict::Kind::not_tried, "it may be slow, and --skip-slow was given"};
    if (verdict.kind == Verdict::Kind::passed) {
      tried.push_back(rule);
      places.push_back(verdicts.size());
    }
    verdicts.push_back({rule, verdict});
  }
  std::vector<bool> known(verdicts.size(), true);
  for (const std::size_t place : places) known[place] = false;
  std::size_t printed = 0;
  Progress progress{arguments.progress, tried.size()};
  const auto print = [&] {  // in the order of the rules, as far as it goes
    progress.clear();
    for (; printed < verdicts.size() && known[printed]; ++printed) {
      if (!arguments.json && (verdicts[printed].verdict.kind != Verdict::Kind::not_tried || !arguments.config.empty()))
        std::cout << to_text(verdicts[printed]) << std::flush;
    }
  };
  Jobs jobs;
  jobs.count = jobs_for(arguments, options, plugin.capabilities);
  jobs.timeout = options.patience * 10;  // a rule waits for several things in turn
  jobs.judge = [&](const Rule& rule, const Options& its_options) {
    return with_plugin(plugin.path.string(), [&](const dispytch_plugin& table) { return try_rule(rule, table, its_options); });
  };
  jobs.begun = [&](std::size_t index) { progress.begun(std::string{tried[index].name}); };
  jobs.ended = [&](std::size_t index, const Verdict& verdict, std::chrono::milliseconds took) {
    verdicts[places[index]].verdict = verdict;
    verdicts[places[index]].took = took;
    known[places[index]] = true;
    print();
    progress.ended(std::string{tried[index].name});
  };
  print();
  try_side_by_side(tried, options, jobs);
  print();
  return verdicts;
}

int run(const Arguments& arguments) {
  std::vector<Rule> rules = chosen(arguments.rules);
  if (arguments.only_slow) std::erase_if(rules, [](const Rule& rule) { return !rule.slow; });
  const std::string path =
      arguments.plugin.find('/') == std::string::npos && arguments.plugin.ends_with(".so") ? "./" + arguments.plugin : arguments.plugin;
  const Result<border::PluginInfo> info = border::inspect(path);
  if (!info) throw std::runtime_error{info.error().text};
  if (arguments.example_config) {
    std::cout << example_config(*info);
    return kConforms;
  }

  const nlohmann::json schema = nlohmann::json::parse(info->schema);
  Options options = arguments.config.empty() ? Options{} : read_options(arguments.config, schema);
  if (!arguments.topic.empty()) options.topic = arguments.topic;
  options.id = info->path.stem().string();
  check_network(options);

  if (!arguments.config.empty()) {
    for (std::size_t job = 1; job <= (options.has_topics_for_jobs() ? arguments.jobs : 1); ++job) {
      const Verdict before = try_in_child(
          [&] {
            return with_plugin(info->path.string(), [&](const dispytch_plugin& table) { return look_before(table, options.for_job(job)); });
          },
          options.patience * 4);
      if (before.kind == Verdict::Kind::failed && before.why.starts_with("no rule")) throw std::runtime_error{before.why};
    }
  }
  Findings findings{.plugin = *info};
  if (!arguments.json) std::cout << headline(findings) << std::flush;
  findings.verdicts = try_all(rules, arguments, options, *info);
  write_junit(arguments, findings);
  if (arguments.json) {
    std::cout << to_json(findings).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else if (arguments.config.empty()) {
    std::cout << say(findings.count(Verdict::Kind::passed), " passed, ", findings.count(Verdict::Kind::failed), " failed, ",
                     findings.count(Verdict::Kind::not_claimed), " not claimed; ", findings.count(Verdict::Kind::not_tried),
                     " were not tried: they need a broker, and a file that says how to reach it, by --config FILE. One to begin with, as "
                     "--example-config prints it:\n\n")
              << example_config(*info);
  } else {
    std::cout << summary(findings);
  }
  return findings.count(Verdict::Kind::failed) == 0 ? kConforms : kFails;
}

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_option("plugin", arguments.plugin, "The plugin: a file with its path, or the NAME of one that is installed");
  app.add_option(
         "--config", arguments.config,
         "YAML file: the backend's options under `config`, and what the kit must know of the broker (--help-config); without it only "
         "rules that need no broker are tried")
      ->type_name("FILE");
  app.add_option("--topic", arguments.topic, "A topic that exists, in place of the config's")->type_name("NAME");
  app.add_option("--rules,--rule", arguments.rules,
                 "Try these rules alone: a name, or a pattern such as 'group.*'; may be given several times")
      ->type_name("PATTERN");
  app.add_option("--jobs", arguments.jobs, "Rules that run side by side; `{job}` in the config's `topic` gives each job a topic of its own")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  app.add_flag("--skip-slow", arguments.skip_slow, "Leave out the rules that --list marks as slow");
  app.add_flag("--only-slow", arguments.only_slow, "Try only those");
  app.add_flag("--progress", arguments.progress, "Say on standard error how far it is, also where that is no terminal");
  app.add_option("--junit", arguments.junit, "Write the result there too, as JUnit XML")->type_name("FILE");
  app.add_flag("--json", arguments.json, "Write the result as JSON");
  app.add_flag("--list", arguments.list, "List the rules and end");
  app.add_flag("--markdown", arguments.markdown, "With --list: as a document");
  app.add_flag("--help-config", arguments.help_config, "Describe the keys of the config file and end");
  app.add_flag("--example-config", arguments.example_config, "Print a config file to begin with, made of the plugin's schema, and end");
}

}  // namespace
}  // namespace dispytch::conformance

int main(int argc, char** argv) {
  using namespace dispytch::conformance;
  Arguments arguments;
  CLI::App app{
      "Tries every rule of dispytch's plugin contract on a broker plugin, each in a process of its own.\n"
      "Exit code: 0 no rule failed, 1 some did, 2 wrong usage or config, or a topic that is missing.\n\n"
      "Example: dispytch-conformance ./my_broker.so --config my_broker.yaml"};
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kConforms : kWrongUsage;
  }
  try {
    if (arguments.help_config) {
      std::cout << keys_text();
      return kConforms;
    }
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
