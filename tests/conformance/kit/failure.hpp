// How a rule says that it is broken, or that it can't be tried.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace dispytch::conformance {

/// The parts, one after the other, as text.
template <class... Parts>
std::string say(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

/// The plugin breaks the rule; what() says how.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The plugin doesn't claim what the rule is about; what() says what.
class NotClaimed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The rule can't be tried with what the kit's config says; what() names the key that is missing there.
class NotTried : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Failure{say(parts...)};
}

/// The parts are put together only where the condition doesn't hold.
template <class... Parts>
void expect(bool condition, const Parts&... parts) {
  if (!condition) fail(parts...);
}

}  // namespace dispytch::conformance
