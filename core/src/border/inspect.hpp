// What a plugin says of itself, asked in a child process: a library that crashes or hangs costs a sentence, not the program.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/result.hpp>

#include "border/library.hpp"

namespace dispytch::border {

struct PluginInfo {
  std::filesystem::path path = {};
  std::string id = {};
  std::string version = {};
  std::string license = {};
  std::uint32_t abi_major = 0, abi_minor = 0;
  std::uint64_t capabilities = 0;  ///< at most these, DISPYTCH_CAN_*
  std::string schema = {};         ///< JSON text
};

/// Loads the plugin in a child process and returns its description. The errors are those of load(), and for a child that died or did
/// not answer in time the signal's name or the time. Blocks up to `timeout`. Forks: call it before the program starts threads of its
/// own, or accept that a lock held elsewhere at that moment shows as a timeout.
Result<PluginInfo> inspect(std::string_view name_or_path, const PluginSearch& search = {},
                           std::chrono::milliseconds timeout = std::chrono::seconds{10});

/// One file that a search came upon.
struct FoundPlugin {
  std::filesystem::path path = {};
  Result<PluginInfo> info;
};

/// Every *.so in the search places, in their order; of several with one name the first, which load() would take.
std::vector<FoundPlugin> list(const PluginSearch& search = {}, std::chrono::milliseconds timeout = std::chrono::seconds{10});

}  // namespace dispytch::border
