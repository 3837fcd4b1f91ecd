#include "border/search.hpp"

#include <cstdlib>

#include <algorithm>
#include <set>
#include <string>
#include <system_error>

namespace dispytch::border {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".so";

bool is_file(const fs::path& path) {
  std::error_code none;
  return fs::is_regular_file(path, none);
}

std::string sentence_of_places(const std::vector<fs::path>& places) {
  std::string text;
  for (const fs::path& place : places) {
    std::error_code none;
    text += (text.empty() ? "" : ", ") + place.string() + (fs::is_directory(place, none) ? "" : " (no such folder)");
  }
  return text;
}

std::string sentence_of_plugins(const PluginSearch& search) {
  std::string text;
  for (const fs::path& path : find_all_plugins(search)) text += (text.empty() ? "" : ", ") + path.stem().string();
  return text.empty() ? "none is there" : "there are: " + text;
}

}  // namespace

std::vector<fs::path> search_places(const PluginSearch& search) {
  std::vector<fs::path> places = search.config_paths;
  if (const char* variable = secure_getenv("DISPYTCH_PLUGIN_PATH")) {
    std::string_view rest = variable;
    while (!rest.empty()) {
      const std::size_t colon = std::min(rest.find(':'), rest.size());
      if (colon > 0) places.emplace_back(rest.substr(0, colon));
      rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
  }
  std::error_code unreadable;
  if (const fs::path executable = fs::read_symlink("/proc/self/exe", unreadable); !unreadable) {
    const fs::path root = executable.parent_path().parent_path();
    places.push_back(root / "plugins");
    places.push_back(executable.parent_path() / DISPYTCH_BINDIR_TO_LIBDIR / "dispytch");
    places.push_back(root / DISPYTCH_LIBDIR / "dispytch");  // where `bin` has another name
  }
  places.emplace_back(DISPYTCH_PLUGIN_INSTALL_DIR);

  std::vector<fs::path> once;
  for (fs::path& place : places) {
    place = fs::absolute(place).lexically_normal();
    if (std::find(once.begin(), once.end(), place) == once.end()) once.push_back(std::move(place));
  }
  return once;
}

Result<fs::path> find_plugin(std::string_view name_or_path, const PluginSearch& search) {
  if (name_or_path.find('/') != std::string_view::npos) {
    const fs::path path = fs::absolute(name_or_path).lexically_normal();
    if (is_file(path)) return path;
    return Error{.code = ErrorCode::not_found, .text = "no plugin at " + path.string() + ": there is no such file."};
  }
  const std::string name{name_or_path};
  const std::vector<fs::path> places = search_places(search);
  for (const fs::path& place : places) {
    if (const fs::path path = place / (name + std::string{kSuffix}); is_file(path)) return path;
  }
  return Error{.code = ErrorCode::not_found,
               .text = "no plugin `" + name + "`: looked for " + name + std::string{kSuffix} + " in " + sentence_of_places(places) + "; " +
                       sentence_of_plugins(search) +
                       ". Name a folder in DISPYTCH_PLUGIN_PATH or in the config file's plugins.paths, or give the file's path."};
}

std::vector<fs::path> find_all_plugins(const PluginSearch& search) {
  std::vector<fs::path> all;
  std::set<fs::path> names;
  for (const fs::path& place : search_places(search)) {
    std::vector<fs::path> here;
    std::error_code unreadable;
    for (fs::directory_iterator entry{place, unreadable}, end; !unreadable && entry != end; entry.increment(unreadable)) {
      if (entry->path().extension() == kSuffix && is_file(entry->path())) here.push_back(entry->path());
    }
    std::sort(here.begin(), here.end());
    for (fs::path& path : here) {
      if (names.insert(path.filename()).second) all.push_back(std::move(path));
    }
  }
  return all;
}

}  // namespace dispytch::border
