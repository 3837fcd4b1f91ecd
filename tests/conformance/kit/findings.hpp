// What became of the rules, for people and for programs.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "border/inspect.hpp"
#include "kit/run.hpp"

namespace dispytch::conformance {

struct Judged {
  Rule rule;
  Verdict verdict;
  std::chrono::milliseconds took{0};
};

struct Findings {
  border::PluginInfo plugin = {};
  std::vector<Judged> verdicts = {};
  std::size_t count(Verdict::Kind kind) const;
};

std::string headline(const Findings& findings);
std::string to_text(const Judged& judged);
std::string summary(const Findings& findings);
nlohmann::json to_json(const Findings& findings);
/// JUnit's XML, as the servers that run tests read it: a suite for each theme, a test case for each rule; what was not claimed or not tried
/// is skipped, with the reason.
std::string to_junit(const Findings& findings);

/// The rules themselves.
std::string list_text();
std::string list_markdown();
nlohmann::json list_json();

}  // namespace dispytch::conformance
