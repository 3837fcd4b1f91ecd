#include "border/library.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "border/table_check.hpp"

namespace dispytch::border {
namespace {

namespace fs = std::filesystem;
using Entry = const dispytch_plugin*(std::uint32_t) noexcept;

// Never destroyed, so that nothing is unloaded when the process ends: threads, thread-locals and static destructors of a plugin may
// still run then.
struct Registry {
  Mutex mutex;                                                                         // held while a library is loaded
  std::map<fs::path, std::unique_ptr<Library>> by_path DISPYTCH_GUARDED_BY(mutex);     // by real path
  std::map<std::string, std::unique_ptr<Library>> adopted DISPYTCH_GUARDED_BY(mutex);  // by id
  std::vector<boost::dll::shared_library> opened DISPYTCH_GUARDED_BY(mutex);           // refused ones too: their constructors have run
};

Registry& registry() {
  static Registry& one = *new Registry;
  return one;
}

Error refused(std::string text) { return {.code = ErrorCode::invalid, .text = std::move(text)}; }

std::string entry_name(unsigned major) { return "dispytch_plugin_v" + std::to_string(major); }

// What the dynamic linker's word means for somebody who wants to mend it.
std::string explain(const fs::path& path, const std::string& linker_says) {
  const auto says = [&](const char* part) { return linker_says.find(part) != std::string::npos; };
  const std::string word = " The linker says: " + linker_says + ".";
  if (says("invalid ELF header") || says("file too short") || says("wrong ELF class")) {
    return path.string() + " is no shared library of this kind of machine, so it can't be a plugin." + word;
  }
  if (says("undefined symbol") || says("version `")) {
    return "the plugin " + path.string() + " can't be loaded: it needs symbols that nothing here provides. Build it against the " +
           "libraries of this machine; dispytch_add_plugin() finds missing ones when it links." + word;
  }
  if (says("cannot open shared object file")) {
    return "the plugin " + path.string() + " can't be loaded: a library that it needs isn't installed." + word;
  }
  return "the plugin " + path.string() + " can't be loaded." + word;
}

Error no_entry(const fs::path& path, const boost::dll::shared_library& library) {
  constexpr unsigned kNewestThinkable = 64;
  for (unsigned major = 0; major <= kNewestThinkable; ++major) {
    if (major == DISPYTCH_ABI_MAJOR || !library.has(entry_name(major))) continue;
    return refused("the plugin " + path.string() + " is made for version " + std::to_string(major) + " of the plugin border, this " +
                   "program for version " + std::to_string(DISPYTCH_ABI_MAJOR) + ": expected the symbol " + entry_name(DISPYTCH_ABI_MAJOR) +
                   ", found " + entry_name(major) + ". Take a build of the plugin for this version.");
  }
  return refused(path.string() + " is a shared library, but no dispytch plugin: it exports no symbol " + entry_name(DISPYTCH_ABI_MAJOR) +
                 ".");
}

// `path` is the file as it was named: its name must be the id, whatever it links to.
Result<const dispytch_plugin*> open(const fs::path& path, const fs::path& real_path, std::vector<boost::dll::shared_library>& opened) {
  const SignalsBlocked no_signals;  // threads that a constructor starts inherit it
  std::error_code failed;
  boost::dll::shared_library library;
  library.load(real_path, failed, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  if (failed) {
    const char* word = dlerror();
    return refused(explain(path, word == nullptr ? failed.message() : word));
  }
  const boost::dll::shared_library& kept = opened.emplace_back(std::move(library));
  if (!kept.has(entry_name(DISPYTCH_ABI_MAJOR))) return no_entry(path, kept);

  const dispytch_plugin* table = kept.get<Entry>(entry_name(DISPYTCH_ABI_MAJOR))(DISPYTCH_ABI_MINOR);
  if (table == nullptr) {
    return refused("the plugin " + path.string() + " needs a newer dispytch: this one speaks version " +
                   std::to_string(DISPYTCH_ABI_MAJOR) + "." + std::to_string(DISPYTCH_ABI_MINOR) + " of the plugin border.");
  }
  if (Result<void> sound = check_table(*table, "the plugin " + path.string()); !sound) return std::move(sound).error();
  return table;
}

}  // namespace

Result<const Library*> load(std::string_view name_or_path, const PluginSearch& search) {
  Registry& all = registry();
  const Lock lock{all.mutex};
  if (const auto found = all.adopted.find(std::string{name_or_path}); found != all.adopted.end()) return found->second.get();

  Result<fs::path> path = find_plugin(name_or_path, search);
  if (!path) return std::move(path).error();
  std::error_code unreadable;
  const fs::path real_path = fs::canonical(*path, unreadable);
  if (unreadable) return refused("the plugin " + path->string() + " can't be read: " + unreadable.message() + ".");

  auto known = all.by_path.find(real_path);
  if (known == all.by_path.end()) {
    Result<const dispytch_plugin*> table = open(*path, real_path, all.opened);
    if (!table) return std::move(table).error();
    known = all.by_path.emplace(real_path, std::make_unique<Library>(**table, real_path)).first;
  }
  const Library& library = *known->second;
  if (path->stem() != library.id()) {
    return refused("the file " + path->string() + " holds the plugin `" + std::string{library.id()} + "`: expected `" +
                   path->stem().string() + "`, since a plugin's file bears its id. Rename it to " + std::string{library.id()} + ".so.");
  }
  return &library;
}

const Library& adopt(const dispytch_plugin& table) {
  const bool named = DISPYTCH_HAS(dispytch_plugin, &table, id) && table.id != nullptr;
  check_table(table, !named ? "the plugin linked into this program" : "the plugin `" + std::string{table.id} + "`").value();
  Registry& all = registry();
  const Lock lock{all.mutex};
  std::unique_ptr<Library>& library = all.adopted[table.id];
  if (library == nullptr) library = std::make_unique<Library>(table, fs::path{});
  if (&library->table() != &table) {
    throw Exception{ErrorCode::invalid, "two plugins `" + std::string{table.id} + "` are linked into this program."};
  }
  return *library;
}

}  // namespace dispytch::border
