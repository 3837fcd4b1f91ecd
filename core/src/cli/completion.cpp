// `dispytch completion SHELL`: made from the command line's own description, so that it is never behind it.
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"

namespace dispytch::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> option_names(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

// The values of an option that takes one of a few: CLI11 keeps them in the type's name, as {a,b}.
std::string choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  std::string words = type.substr(open + 1, close - open - 1);
  for (char& character : words) character = character == ',' ? ' ' : character;
  return words;
}

struct Level {
  std::string path;  // "dispytch plugins inspect"
  const CLI::App* app;
};

void walk(const std::string& path, const CLI::App& app, std::vector<Level>& levels) {
  levels.push_back({path, &app});
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) walk(path + ' ' + sub->get_name(), *sub, levels);
}

std::string subcommands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
  return joined(names);
}

std::string bash(const std::vector<Level>& levels) {
  std::string paths, values, words;
  for (const Level& level : levels) {
    if (level.path != "dispytch") paths += (paths.empty() ? "      \"" : " | \"") + level.path + '"';
    std::vector<std::string> options;
    std::string fixed = subcommands(*level.app);
    for (const CLI::Option* option : level.app->get_options()) {
      const std::string choice = choices(*option);
      if (option->get_positional()) {
        if (!choice.empty()) fixed += (fixed.empty() ? "" : " ") + choice;
        continue;
      }
      for (const std::string& name : option_names(*option)) {
        options.push_back(name);
        if (option->get_items_expected_max() == 0) continue;
        values += "    \"" + level.path + ' ' + name + "\") ";
        values += choice.empty() ? ":" : "COMPREPLY=($(compgen -W \"" + choice + "\" -- \"$current\"))";
        values += "; return ;;\n";
      }
    }
    words += "    \"" + level.path + "\") words=\"" + fixed + "\"; options=\"" + joined(options) + "\" ;;\n";
  }
  return "# Completion for dispytch; made by `dispytch completion bash`.\n"
         "_dispytch() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} at=dispytch word words= options=\n"
         "  COMPREPLY=()\n"
         "  for word in \"${COMP_WORDS[@]:1:$((COMP_CWORD-1))}\"; do\n"
         "    case \"$at $word\" in\n" +
         paths +
         ") at=\"$at $word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$at $previous\" in  # an option's value: one of a few, or a file (nothing here: -o default takes over)\n" +
         values +
         "  esac\n"
         "  case \"$at\" in\n" +
         words +
         "  esac\n"
         "  case \"$current\" in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
         "    *) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o default -F _dispytch dispytch\n";
}

std::string zsh(const std::vector<Level>& levels) {
  return "#compdef dispytch\nautoload -U +X bashcompinit && bashcompinit\n" + bash(levels);
}

std::string quoted_for_fish(std::string text) {
  for (std::size_t at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 2)) text.insert(at, 1, '\\');
  return '\'' + text + '\'';
}

std::string fish(const std::vector<Level>& levels) {
  std::string text = "# Completion for dispytch; made by `dispytch completion fish`.\n";
  for (const Level& level : levels) {
    const bool top = level.path == "dispytch";
    const std::string condition = top ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + level.app->get_name();
    for (const CLI::App* sub : level.app->get_subcommands([](const CLI::App*) { return true; })) {
      text +=
          "complete -c dispytch -f -n '" + condition + "' -a " + sub->get_name() + " -d " + quoted_for_fish(sub->get_description()) + '\n';
    }
    for (const CLI::Option* option : level.app->get_options()) {
      const std::string choice = choices(*option);
      if (option->get_positional() && choice.empty()) continue;
      text += "complete -c dispytch -n '" + condition + '\'';
      for (const std::string& name : option->get_lnames()) text += " -l " + name;
      for (const std::string& name : option->get_snames()) text += " -s " + name;
      if (!option->get_positional() && option->get_items_expected_max() > 0) text += " -r";
      if (!choice.empty()) text += " -f -a '" + choice + '\'';
      text += " -d " + quoted_for_fish(option->get_description()) + '\n';
    }
  }
  return text;
}

}  // namespace

void add_completion(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("completion", "Print a script that completes dispytch's words in a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "the shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer("Example:\n  source <(dispytch completion bash)");
  command->callback([&program, &action, shell] {
    action = [&program, shell] {
      std::vector<Level> levels;
      walk("dispytch", program, levels);
      std::cout << (*shell == "bash" ? bash(levels) : *shell == "zsh" ? zsh(levels) : fish(levels));
      return kDone;
    };
  });
}

}  // namespace dispytch::cli
