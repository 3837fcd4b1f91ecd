// Finding and loading plugins, and the sentence for each way in which that fails.
#include <cstdlib>

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "abi/support.hpp"
#include "border/library.hpp"

namespace dispytch::border {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Sets DISPYTCH_PLUGIN_PATH for one test.
class PluginPath {
 public:
  explicit PluginPath(const std::string& value) { ::setenv("DISPYTCH_PLUGIN_PATH", value.c_str(), 1); }
  ~PluginPath() { ::unsetenv("DISPYTCH_PLUGIN_PATH"); }
  PluginPath(const PluginPath&) = delete;
  PluginPath& operator=(const PluginPath&) = delete;
};

Error refusal(const std::string& name_or_path, const PluginSearch& search = {}) {
  const Result<const Library*> loaded = load(name_or_path, search);
  EXPECT_FALSE(loaded.has_value());
  return loaded ? Error{} : loaded.error();
}

TEST(Library, TellsWhatThePluginSaysOfItself) {
  const Library& library = *load(library_path("echo_c").string()).value();
  EXPECT_EQ(library.id(), "echo_c");
  EXPECT_EQ(library.version(), "1.0.0");
  EXPECT_EQ(library.license(), "Apache-2.0");
  EXPECT_THAT(std::string{library.schema()}, HasSubstr("$defs"));
  EXPECT_EQ(library.path(), fs::canonical(library_path("echo_c")));
}

TEST(Library, IsLoadedOnceWhateverItsPath) {
  const LibraryFolder folder;
  const Library* library = load(library_path("echo_c").string()).value();
  EXPECT_EQ(load(library_path("echo_c").string()).value(), library);
  EXPECT_EQ(load(folder.link("echo_c", "echo_c.so").string()).value(), library);
  EXPECT_EQ(load("echo_c", {.config_paths = {folder.path()}}).value(), library);
}

TEST(Library, StartsNoThreadThatSignalsReach) {
  EXPECT_EQ(load(library_path("signal_mask").string()).value()->version(), "signals blocked");
}

TEST(Library, NamesThePlacesAndThePluginsThereWhenAPluginIsNotFound) {
  const LibraryFolder folder;
  folder.link("echo_c", "echo_c.so");
  const fs::path missing = folder.path() / "missing";
  const Error error = refusal("ehco", {.config_paths = {folder.path(), missing}});
  EXPECT_EQ(error.code, ErrorCode::not_found);
  EXPECT_THAT(error.text, StartsWith("no plugin `ehco`: looked for ehco.so in " + folder.path().string() + ", " + missing.string() +
                                     " (no such folder), "));
  EXPECT_THAT(error.text, AllOf(HasSubstr("there are: echo_c"), HasSubstr("DISPYTCH_PLUGIN_PATH")));
}

TEST(Library, SaysThatAPathLeadsNowhere) {
  const Error error = refusal("/nowhere/echo.so");
  EXPECT_EQ(error.code, ErrorCode::not_found);
  EXPECT_EQ(error.text, "no plugin at /nowhere/echo.so: there is no such file.");
}

TEST(Library, RefusesAFileThatIsNoLibrary) {
  const LibraryFolder folder;
  const fs::path path = folder.write("text.so", "a text is no shared library, however long it may be, and nobody should run it");
  const Error error = refusal(path.string());
  EXPECT_EQ(error.code, ErrorCode::invalid);
  EXPECT_THAT(error.text, AllOf(StartsWith(path.string() + " is no shared library"), HasSubstr("The linker says: "), HasSubstr("ELF")));
}

TEST(Library, RefusesALibraryThatIsNoPlugin) {
  const fs::path path = library_path("plain_library");
  EXPECT_EQ(refusal(path.string()).text,
            path.string() + " is a shared library, but no dispytch plugin: it exports no symbol dispytch_plugin_v1.");
}

TEST(Library, NamesTheVersionsWhenAPluginIsOfAnother) {
  const fs::path path = library_path("wrong_major");
  EXPECT_EQ(refusal(path.string()).text, "the plugin " + path.string() +
                                             " is made for version 2 of the plugin border, this program for version 1: expected the symbol "
                                             "dispytch_plugin_v1, found dispytch_plugin_v2. Take a build of the plugin for this version.");
}

TEST(Library, NamesTheSymbolThatIsMissing) {
  const Error error = refusal(library_path("missing_symbol").string());
  EXPECT_THAT(error.text, AllOf(HasSubstr("needs symbols that nothing here provides"), HasSubstr("dispytch_test_no_such_client_open")));
}

TEST(Library, SaysThatAPluginWantsANewerHost) {
  EXPECT_THAT(refusal(library_path("too_new").string()).text,
              HasSubstr("needs a newer dispytch: this one speaks version 1." + std::to_string(DISPYTCH_ABI_MINOR)));
}

TEST(Library, RefusesAPluginUnderAnotherName) {
  const LibraryFolder folder;
  const fs::path path = folder.link("echo_c", "kafka.so");
  EXPECT_EQ(refusal(path.string()).text, "the file " + path.string() +
                                             " holds the plugin `echo_c`: expected `kafka`, since a plugin's file bears its id. Rename it "
                                             "to echo_c.so.");
}

TEST(Search, TakesAPathWithASlashAsItIs) {
  const LibraryFolder folder;
  EXPECT_EQ(find_plugin(library_path("echo_c").string(), {.config_paths = {folder.path()}}).value(), library_path("echo_c"));
}

TEST(Search, LooksIntoTheConfigsFoldersThenTheEnvironments) {
  const LibraryFolder first, second, third;
  first.link("echo_c", "a.so");
  second.link("echo_c", "a.so");
  second.link("echo_c", "b.so");
  third.link("echo_c", "b.so");
  third.link("echo_c", "c.so");
  const PluginPath environment{second.path().string() + "::" + third.path().string()};
  const PluginSearch search{.config_paths = {first.path()}};
  EXPECT_EQ(find_plugin("a", search).value(), first.path() / "a.so");
  EXPECT_EQ(find_plugin("b", search).value(), second.path() / "b.so");
  EXPECT_EQ(find_plugin("c", search).value(), third.path() / "c.so");
}

TEST(Search, EndsWithTheFoldersOfTheProgramAndOfTheInstallation) {
  const fs::path root = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  const std::vector<fs::path> places = search_places({});
  ASSERT_GE(places.size(), 3u);
  EXPECT_EQ(places[0], root / "plugins");
  EXPECT_EQ(places[1].filename(), "dispytch");
  EXPECT_THAT(places[1].string(), StartsWith(root.string()));
  EXPECT_EQ(places.back().filename(), "dispytch");
}

TEST(Search, ListsEachNameOnceWhereItIsFoundFirst) {
  const LibraryFolder first, second;
  first.link("echo_c", "b.so");
  first.link("echo_c", "a.so");
  first.write("readme.txt", "no plugin");
  second.link("echo_c", "b.so");
  const std::vector<fs::path> all = find_all_plugins({.config_paths = {first.path(), second.path()}});
  ASSERT_GE(all.size(), 2u);
  EXPECT_EQ(all[0], first.path() / "a.so");
  EXPECT_EQ(all[1], first.path() / "b.so");
  EXPECT_THAT(all, ::testing::Not(::testing::Contains(second.path() / "b.so")));
}

}  // namespace
}  // namespace dispytch::border
