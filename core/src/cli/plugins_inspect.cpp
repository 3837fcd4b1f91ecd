// `dispytch plugins inspect`: a plugin's options, from its own schema.
#include <unistd.h>
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "border/capabilities.hpp"
#include "border/inspect.hpp"
#include "cli/command.hpp"
#include "cli/json_document.hpp"
#include "cli/terminal.hpp"
#include "schema/phrase.hpp"
#include "schema/walk.hpp"

namespace dispytch::cli {
namespace {

struct Section {
  std::string_view definition;  // of the plugin's schema
  std::string_view place;       // in the config file
};
constexpr std::array<Section, 4> kSections = {{{"backend", "backends.NAME.config"},
                                               {"producer", "emitters.NAME.config"},
                                               {"consumer", "listeners.NAME.config"},
                                               {"topic", "listeners.NAME.topics[].config"}}};
constexpr std::size_t kTextWidth = 100;

std::string text_of(const nlohmann::json& value) {
  return printable_lines(value.is_string() ? value.get<std::string>() : json_text(value));
}

// Breaks at spaces; every line begins with `indent`.
void print_wrapped(const std::string& text, const std::string& indent) {
  std::string line;
  const auto end_line = [&] {
    std::cout << indent << line << '\n';
    line.clear();
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = std::string_view{text}.substr(at, end - at);
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > kTextWidth) end_line();
    line += (line.empty() ? "" : " ") + std::string{word};
    if (end < text.size() && text[end] == '\n') end_line();
    at = end + 1;
  }
  if (!line.empty()) end_line();
}

bool is_required(const nlohmann::json& schema, const std::string& name) {
  const auto required = schema.find("required");
  return required != schema.end() && std::find(required->begin(), required->end(), name) != required->end();
}

void print_options(const nlohmann::json& document, const nlohmann::json& schema, const std::string& indent) {
  const Colours colours{STDOUT_FILENO};
  const nlohmann::json properties = schema.value("properties", nlohmann::json::object());
  for (const auto& [name, unresolved] : properties.items()) {
    const nlohmann::json& option = schema::resolve(document, unresolved);
    if (option.contains("x-instead")) {
      std::cout << indent << colours.bold(printable(name)) << ": not an option here; " << text_of(option.at("x-instead")) << '\n';
      continue;
    }
    std::string line = printable(schema::expected_phrase(option));
    if (is_required(schema, name)) line += ", required";
    if (option.contains("default")) line += ", default " + text_of(option.at("default"));
    if (option.value("writeOnly", false)) line += ", secret";
    std::cout << indent << colours.bold(printable(name)) << ": " << line << '\n';
    const std::string description = printable_lines(option.value("description", unresolved.value("description", std::string{})));
    print_wrapped(description, indent + "    ");
    print_options(document, option, indent + "    ");
    const nlohmann::json& items =
        option.contains("additionalProperties") ? schema::resolve(document, option.at("additionalProperties")) : option;
    if (&items != &option && items.is_object() && items.contains("properties")) {
      std::cout << indent << "    "
                << "NAME:\n";
      print_options(document, items, indent + "        ");
    }
  }
}

void print_section(const nlohmann::json& document, const Section& section) {
  const auto definitions = document.find("$defs");
  if (definitions == document.end() || !definitions->contains(section.definition)) return;
  const nlohmann::json& schema = schema::resolve(document, definitions->at(std::string{section.definition}));
  const bool open = !schema.contains("additionalProperties") || schema.at("additionalProperties") != nlohmann::json(false);
  if (!open && schema.value("properties", nlohmann::json::object()).empty()) return;
  std::cout << '\n' << Colours{STDOUT_FILENO}.bold(section.place) << '\n';
  if (schema.contains("description")) print_wrapped(text_of(schema.at("description")), "  ");
  print_options(document, schema, "  ");
  if (open) std::cout << "  and other names, which the broker's client judges\n";
}

int inspect(const std::string& plugin, bool json) {
  const Result<border::PluginInfo> info = border::inspect(plugin);
  if (!info) {
    std::cerr << printable_lines(info.error().text) << '\n';
    return info.error().code == ErrorCode::not_found ? kUsage : kFailed;
  }
  const nlohmann::json schema = nlohmann::json::parse(info->schema, nullptr, false);
  if (schema.is_discarded()) {
    std::cerr << printable(info->path.string()) << ": the plugin's config schema is no JSON; its author has to mend it\n";
    return kFailed;
  }
  const std::string abi = std::to_string(info->abi_major) + '.' + std::to_string(info->abi_minor);
  if (json) {
    nlohmann::ordered_json capabilities = nlohmann::ordered_json::array();
    for (const border::CapabilityName& capability : border::capability_names()) {
      if ((info->capabilities & capability.bit) != 0) capabilities.push_back(capability.name);
    }
    const nlohmann::ordered_json all{{"path", info->path.string()},
                                     {"id", info->id},
                                     {"version", info->version},
                                     {"license", info->license},
                                     {"interface", abi},
                                     {"capabilities", std::move(capabilities)},
                                     {"schema", nlohmann::ordered_json::parse(info->schema)}};
    std::cout << json_text(all, 2) << '\n';
    return kDone;
  }
  std::cout << Colours{STDOUT_FILENO}.bold(printable(info->id)) << ' ' << printable(info->version) << "  " << printable(info->path.string())
            << '\n'
            << "  can: " << border::capabilities_to_string(info->capabilities) << '\n'
            << "  plugin interface " << abi << ", licence " << (info->license.empty() ? "not said" : printable(info->license)) << '\n';
  for (const Section& section : kSections) print_section(schema, section);
  return kDone;
}

}  // namespace

void add_plugins_inspect(CLI::App& plugins, Action& action) {
  struct Options {
    std::string plugin = {};
    bool json = false;
  };
  CLI::App* const command = plugins.add_subcommand("inspect", "Show a plugin's options with types, defaults and meanings");
  const auto options = std::make_shared<Options>();
  command->add_option("PLUGIN", options->plugin, "a name, such as kafka, or a path with a slash")->required()->type_name("");
  command->add_flag("--json", options->json, "A JSON object, the schema in it");
  command->footer("Example:\n  dispytch plugins inspect kafka\n  dispytch plugins inspect ./my_broker.so");
  command->callback([&action, options] { action = [options] { return inspect(options->plugin, options->json); }; });
}

}  // namespace dispytch::cli
