// What the tests of the plugin border share.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/temporary_folder.hpp"

namespace dispytch::border {

inline constexpr std::chrono::milliseconds kTimeout{1000};
inline constexpr const char* kNoConfig = R"({"config":{}})";

/// The file of a library that tests/abi builds.
inline std::filesystem::path library_path(std::string_view name) {
  return std::filesystem::path{DISPYTCH_ABI_LIBRARIES} / (std::string{name} + ".so");
}

/// A folder of its own for one test, with libraries in it.
class LibraryFolder : public dispytch::testing::TemporaryFolder {
 public:
  /// A link to a library that tests/abi builds, under another name.
  std::filesystem::path link(std::string_view library, std::string_view name) const {
    std::filesystem::create_symlink(library_path(library), *this / name);
    return *this / name;
  }
  std::filesystem::path write(std::string_view name, std::string_view text) const {
    std::ofstream{*this / name} << text;
    return *this / name;
  }
};

/// Memory whose last byte is followed by a page that can't be read: whoever reads past the end of what lies there dies.
class GuardedMemory {
 public:
  GuardedMemory(const void* content, std::size_t size) : page_{static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))} {
    base_ = ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED || size > page_) throw std::runtime_error{"no guarded memory"};
    begin_ = static_cast<std::byte*>(base_) + page_ - size;
    std::memcpy(begin_, content, size);
    if (::mprotect(static_cast<std::byte*>(base_) + page_, page_, PROT_NONE) != 0) throw std::runtime_error{"no guard page"};
  }
  ~GuardedMemory() { ::munmap(base_, 2 * page_); }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  template <class T>
  T* as() const noexcept {
    return reinterpret_cast<T*>(begin_);
  }

 private:
  std::size_t page_;
  void* base_;
  std::byte* begin_;
};

}  // namespace dispytch::border
