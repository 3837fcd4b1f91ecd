// The name of a topic with `{topic}`, `{listener}` and `{group}` in it: where dead letters go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dispytch::topic {

/// What the placeholders stand for.
struct Names {
  std::string_view topic = {};     ///< that the message came from
  std::string_view listener = {};  ///< by its name in the config file
  std::string_view group = {};     ///< the consumer group; empty where the backend has none
};

/// What is wrong with the braces of a template, each as a text with what is right; empty: nothing.
std::vector<std::string> template_problems(std::string_view text);

/// The topic that a template without problems makes of the names, which are taken as they are. Any thread.
std::string fill_in(std::string_view text, const Names& names);

}  // namespace dispytch::topic
