#include "topic/name_template.hpp"

#include <array>
#include <optional>

#include "schema/did_you_mean.hpp"

namespace dispytch::topic {
namespace {

struct Placeholder {
  std::string_view name;
  std::string_view Names::*value;
};
constexpr std::array<Placeholder, 3> kPlaceholders{{{"topic", &Names::topic}, {"listener", &Names::listener}, {"group", &Names::group}}};

const Placeholder* find(std::string_view name) {
  for (const Placeholder& placeholder : kPlaceholders)
    if (placeholder.name == name) return &placeholder;
  return nullptr;
}

std::string unknown(std::string_view name) {
  const std::string text = "unknown placeholder `{" + std::string{name} + "}`; ";
  const std::optional<std::string> near = schema::did_you_mean(name, {"topic", "listener", "group"});
  return text + (near ? "did you mean `{" + *near + "}`?" : "there are `{topic}`, `{listener}` and `{group}`");
}

}  // namespace

std::vector<std::string> template_problems(std::string_view text) {
  std::vector<std::string> problems;
  for (std::size_t at = text.find_first_of("{}"); at != std::string_view::npos; at = text.find_first_of("{}", at + 1)) {
    const std::size_t end = text.find_first_of("{}", at + 1);
    if (text[at] == '}' || end == std::string_view::npos || text[end] == '{') {
      problems.emplace_back(text[at] == '}' ? "a `}` without its `{`" : "a `{` without its `}`");
      continue;
    }
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (find(name) == nullptr) problems.push_back(unknown(name));
    at = end;
  }
  return problems;
}

std::string fill_in(std::string_view text, const Names& names) {
  std::string topic;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text[at] == '{' ? text.find('}', at) : std::string_view::npos;
    const Placeholder* const placeholder = end == std::string_view::npos ? nullptr : find(text.substr(at + 1, end - at - 1));
    if (placeholder == nullptr) {
      topic += text[at++];
    } else {
      topic += names.*placeholder->value;
      at = end + 1;
    }
  }
  return topic;
}

}  // namespace dispytch::topic
