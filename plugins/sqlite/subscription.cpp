#include "subscription.hpp"

#include <array>

namespace dispytch::sqlite {
namespace {

// The regular expression of a name with parts in braces. Braces elsewhere, and everything else, stand for themselves.
std::string to_expression(std::string_view pattern) {
  std::string expression = "^";
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const bool starts_part = at == 0 || pattern[at - 1] == '.';
    const std::size_t close = pattern.find('}', at);
    const bool is_part = starts_part && pattern[at] == '{' && close != std::string_view::npos && close > at + 1 &&
                         (close + 1 == pattern.size() || pattern[close + 1] == '.');
    if (is_part) {
      expression += "[^.]+";
      at = close;
      continue;
    }
    if (std::string_view{R"(^.[]$()|*+?{}\)"}.find(pattern[at]) != std::string_view::npos) expression += '\\';
    expression += pattern[at];
  }
  return expression + "$";
}

}  // namespace

Pattern::Pattern(const plugin::Config& config) {
  const std::string text = config.as<std::string>();
  const std::string pattern = text.starts_with('^') ? text : to_expression(text);
  auto compiled = std::make_unique<regex_t>();
  if (const int problem = regcomp(compiled.get(), pattern.c_str(), REG_EXTENDED | REG_NOSUB); problem != 0) {
    std::array<char, 128> why{};
    regerror(problem, compiled.get(), why.data(), why.size());
    throw plugin::Exception{config.error("expected a POSIX extended regular expression, found \"" + text + "\": " + why.data())};
  }
  compiled_.reset(compiled.release());
}

Subscription read_subscription(const plugin::Config& options) {
  Subscription subscription;
  for (const plugin::Config& topic : options.at("topics").elements()) {
    if (const plugin::Config pattern = topic.at("pattern")) {
      subscription.patterns.emplace_back(pattern);
    } else {
      subscription.names.push_back(topic.require<std::string>("name"));
    }
  }
  if (subscription.names.empty() && subscription.patterns.empty()) {
    throw plugin::Exception{options.at("topics").error("expected at least one topic")};
  }
  subscription.group = options.get("group", "");
  subscription.instance = options.get<std::string>("instance");
  subscription.ephemeral = options.get("ephemeral", false);
  subscription.from_oldest = options.get("start", "earliest") != "latest";
  return subscription;
}

}  // namespace dispytch::sqlite
