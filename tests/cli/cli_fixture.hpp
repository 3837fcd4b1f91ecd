// A folder, a config file and the `dispytch` program for a test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::testing {

/// Runs the real program. The backend `bus` is the plugin `replay` (replay.cpp), whose topic `flights` is a file in folder().
class CliTest : public ::testing::Test {
 protected:
  CliTest();

  const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  /// Writes a file into the folder; returns its path.
  std::string write(const std::string& name, std::string_view content) const;
  std::string read(const std::string& name) const;

  /// The config file, with more options for the backend: `too_big: x`.
  std::string config(const std::string& backend_options = {}) const;

  /// `dispytch ARGUMENTS...` to its end.
  Finished dispytch(std::vector<std::string> arguments, std::string_view input = {}, ProcessOptions options = {}) const;

  std::vector<std::string> command(std::vector<std::string> arguments) const;
  static ProcessOptions with_plugins(ProcessOptions options = {});

 private:
  TemporaryFolder folder_{"dispytch-cli"};
};

}  // namespace dispytch::testing
