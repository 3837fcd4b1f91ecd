#include "codec/json_pointer.hpp"

namespace dispytch::codec {

void prepend_to_pointer(std::string& pointer, std::string_view name) {
  std::string step = "/";
  for (const char c : name) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  pointer.insert(0, step);
}

}  // namespace dispytch::codec
