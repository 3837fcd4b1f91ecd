// Asking libraries for their description in a child process, whatever they do to it.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "abi/support.hpp"
#include "border/inspect.hpp"

namespace dispytch::border {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Error failure(std::string_view library, std::chrono::milliseconds timeout = std::chrono::seconds{60}) {
  const Result<PluginInfo> info = inspect(library_path(library).string(), {}, timeout);
  EXPECT_FALSE(info.has_value());
  return info ? Error{} : info.error();
}

TEST(Inspect, ReturnsWhatThePluginSaysOfItself) {
  const PluginInfo info = inspect(library_path("echo_sdk").string()).value();
  EXPECT_EQ(info.id, "echo_sdk");
  EXPECT_EQ(info.version, "1.0.0");
  EXPECT_EQ(info.license, "Apache-2.0");
  EXPECT_EQ(info.abi_major, DISPYTCH_ABI_MAJOR);
  EXPECT_EQ(info.path, std::filesystem::canonical(library_path("echo_sdk")));
  EXPECT_NE(info.capabilities & DISPYTCH_CAN_ACK_EACH, 0u);
  EXPECT_THAT(info.schema, HasSubstr("capacity"));
}

TEST(Inspect, FindsAPluginByItsName) {
  const LibraryFolder folder;
  folder.link("echo_c", "echo_c.so");
  EXPECT_EQ(inspect("echo_c", {.config_paths = {folder.path()}}).value().id, "echo_c");
}

TEST(Inspect, GivesTheSameRefusalsAsLoading) {
  EXPECT_THAT(failure("wrong_major").text, HasSubstr("found dispytch_plugin_v2"));
  EXPECT_EQ(failure("wrong_major").code, ErrorCode::invalid);
  EXPECT_EQ(failure("nothing_of_that_name").code, ErrorCode::not_found);
}

TEST(Inspect, SurvivesALibraryThatCrashes) {
  EXPECT_THAT(failure("crash").text, AllOf(HasSubstr(library_path("crash").string()), HasSubstr("crashed with SIGSEGV")));
  EXPECT_THAT(failure("abort").text, HasSubstr("crashed with SIGABRT"));
}

TEST(Inspect, SurvivesALibraryThatEndsTheProcess) {
  EXPECT_THAT(failure("exit").text, HasSubstr("ended the process that loaded it, with exit code 3"));
}

TEST(Inspect, GivesUpOnALibraryThatHangs) {
  const Error error = failure("hang", std::chrono::milliseconds{50});
  EXPECT_EQ(error.code, ErrorCode::timeout);
  EXPECT_THAT(error.text, HasSubstr("did not finish loading within 50 ms"));
}

TEST(Inspect, KeepsWhatALibraryPrintsOutOfTheProgramsOutput) {
  ::testing::internal::CaptureStdout();
  EXPECT_THAT(failure("print").text, HasSubstr("no dispytch plugin"));
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

TEST(Inspect, ListsSoundAndBrokenPluginsAlike) {
  const LibraryFolder folder;
  folder.link("echo_c", "echo_c.so");
  folder.link("crash", "crash.so");
  const std::vector<FoundPlugin> all = list({.config_paths = {folder.path()}});
  ASSERT_GE(all.size(), 2u);
  EXPECT_EQ(all[0].path, folder.path() / "crash.so");
  EXPECT_FALSE(all[0].info.has_value());
  EXPECT_EQ(all[1].path, folder.path() / "echo_c.so");
  ASSERT_TRUE(all[1].info.has_value());
  EXPECT_EQ(all[1].info->id, "echo_c");
}

}  // namespace
}  // namespace dispytch::border
