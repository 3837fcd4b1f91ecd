// Any bytes are a config or a list of problems: never a crash, a hang, a leak, or a secret in what is said of them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/load.hpp"
#include "config/plugins.hpp"
#include "config/text.hpp"

namespace {

using namespace dispytch;

[[noreturn]] void fail(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  std::abort();
}

// What the test world's files hold must not come out, unless the input says it by itself.
void check_secrets(const std::string& output, std::string_view input) {
  if (output.find("correct horse") != std::string::npos && input.find("correct horse") == std::string_view::npos) fail("a secret", output);
}

void check_problems(const config::Problems& problems, std::string_view input) {
  const std::string report = config::report(problems);
  if (problems.empty()) fail("neither a config nor a problem", report);
  if (config::find_text_error(report)) fail("a report that is no text", report);
  const std::size_t lines = static_cast<std::size_t>(std::count(report.begin(), report.end(), '\n'));
  if (lines != problems.size() + 1) fail("a problem that takes more than one line", report);
  const int last = static_cast<int>(std::count(input.begin(), input.end(), '\n')) + 1;
  config::Position before;
  for (const config::Problem& problem : problems) {
    const config::Position at = problem.position;
    if (at.line < 1 || at.line > last || at.column < 1) fail("a problem outside the file", config::to_string(problem));
    if (at.line < before.line || (at.line == before.line && at.column < before.column)) fail("problems out of order", report);
    before = at;
  }
  check_secrets(report, input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  for (const char* file : {"fuzz.yaml", "fuzz.json"}) {
    const config::Loaded loaded = config::load_text(input, file, tests::test_options());
    if (loaded) {
      check_secrets(config::describe(*loaded).dump(), input);
    } else {
      check_problems(loaded.error(), input);
    }
  }
  return 0;
}
