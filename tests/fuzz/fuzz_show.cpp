// Any bytes in topics, keys, headers, payloads and exception texts are shown as UTF-8 in which all is visible, and as JSON where it is
// JSON.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cli/any_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string problem = dispytch::cli::show_any_bytes({reinterpret_cast<const char*>(data), size});
  if (problem.empty()) return 0;
  std::fputs(problem.c_str(), stderr);
  std::abort();
}
