// The configuration properties that the linked librdkafka knows, as it lists them itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dispytch::kafka {

/// Which kind of client a property is for.
struct Scope {
  bool producer = true;
  bool consumer = true;
};

/// Any thread; read once for the process.
class Properties {
 public:
  static const Properties& known();

  /// The scope of a property; nullopt: librdkafka doesn't list it (it has a few hidden ones, such as those of its mock cluster).
  std::optional<Scope> find(std::string_view name) const;
  /// The listed name that was probably meant, if there is one.
  std::optional<std::string_view> nearest(std::string_view name) const;

 private:
  Properties();
  std::map<std::string, Scope, std::less<>> scopes_;
};

}  // namespace dispytch::kafka
