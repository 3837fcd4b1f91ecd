// A folder of its own for one test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace dispytch::testing {

/// Made with this, below the system's folder of temporary files, and removed with it unless it is kept. Throws std::runtime_error
/// where none can be made.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name = "dispytch") {
    std::string pattern = std::filesystem::temp_directory_path() / (name + "-XXXXXX");
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no folder can be made as " + pattern};
    path_ = std::filesystem::canonical(pattern);
  }
  ~TemporaryFolder() {
    std::error_code none;
    if (!kept_) std::filesystem::remove_all(path_, none);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  /// Whether it stays, for a person to look at.
  void keep(bool kept = true) noexcept { kept_ = kept; }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

}  // namespace dispytch::testing
