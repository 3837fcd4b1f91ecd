#include "text/json_pointer.hpp"

namespace dispytch::text {

void append_step(std::string& pointer, std::string_view name) {
  pointer += '/';
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

void prepend_step(std::string& pointer, std::string_view name) {
  std::string step;
  append_step(step, name);
  pointer.insert(0, step);
}

std::vector<std::string> steps(std::string_view pointer) {
  std::vector<std::string> steps;
  for (std::size_t at = 0; at < pointer.size(); ++at) {
    if (pointer[at] == '/') {
      steps.emplace_back();
    } else if (!steps.empty()) {
      const bool escaped = pointer[at] == '~' && at + 1 < pointer.size() && (pointer[at + 1] == '0' || pointer[at + 1] == '1');
      steps.back() += escaped ? (pointer[++at] == '0' ? '~' : '/') : pointer[at];
    }
  }
  return steps;
}

}  // namespace dispytch::text
