#include "kit/findings.hpp"

#include <algorithm>

#include "border/capabilities.hpp"
#include "kit/failure.hpp"

namespace dispytch::conformance {
namespace {

const char* verdict_name(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::passed: return "passed";
    case Verdict::Kind::failed: return "failed";
    case Verdict::Kind::not_claimed: return "not claimed";
  }
  return "failed";
}

// What a backend must claim for the rule to be tried: "produce consume, ack_each or ack_up_to".
std::string needs(const Rule& rule) {
  std::string text = border::capabilities_to_string(rule.needs);
  const auto also = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (rule.needs_one_of != 0) {
    std::string one_of = border::capabilities_to_string(rule.needs_one_of);
    for (std::size_t at = one_of.find(' '); at != std::string::npos; at = one_of.find(' ', at + 4)) one_of.replace(at, 1, " or ");
    also(one_of);
  }
  if (rule.extension != nullptr) also(std::string{"extension "} + rule.extension);
  return text;
}

std::string indented(const std::string& text, const std::string& indent) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    result += indent + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return result;
}

std::string theme_of(const Rule& rule) { return std::string{rule.name.substr(0, rule.name.find('.'))}; }

}  // namespace

std::size_t Findings::count(Verdict::Kind kind) const {
  return static_cast<std::size_t>(
      std::count_if(verdicts.begin(), verdicts.end(), [kind](const Judged& judged) { return judged.verdict.kind == kind; }));
}

std::string headline(const Findings& findings) {
  return findings.plugin.id + " " + findings.plugin.version + ": " + border::capabilities_to_string(findings.plugin.capabilities) + "\n";
}

std::string to_text(const Judged& judged) {
  std::string kind = verdict_name(judged.verdict.kind);
  if (judged.verdict.kind == Verdict::Kind::failed) kind = "FAILED";
  kind.resize(13, ' ');
  std::string text = "  " + kind + std::string{judged.rule.name} + "\n";
  if (judged.verdict.kind == Verdict::Kind::failed) text += indented(std::string{judged.rule.text}, std::string(15, ' '));
  return text + indented(judged.verdict.why, std::string(15, ' '));
}

std::string summary(const Findings& findings) {
  return say(findings.count(Verdict::Kind::passed), " passed, ", findings.count(Verdict::Kind::failed), " failed, ",
             findings.count(Verdict::Kind::not_claimed), " not claimed\n");
}

nlohmann::json to_json(const Findings& findings) {
  nlohmann::json rules = nlohmann::json::array();
  for (const Judged& judged : findings.verdicts) {
    nlohmann::json rule{{"name", judged.rule.name}, {"text", judged.rule.text}, {"verdict", verdict_name(judged.verdict.kind)}};
    if (!judged.verdict.why.empty()) rule["why"] = judged.verdict.why;
    rules.push_back(std::move(rule));
  }
  return {{"plugin", {{"id", findings.plugin.id}, {"version", findings.plugin.version}, {"path", findings.plugin.path.string()}}},
          {"rules", rules},
          {"passed", findings.count(Verdict::Kind::passed)},
          {"failed", findings.count(Verdict::Kind::failed)},
          {"not_claimed", findings.count(Verdict::Kind::not_claimed)}};
}

std::string list_text() {
  std::string text;
  for (const Rule& rule : all_rules()) {
    text += std::string{rule.name} + "\n" + indented(std::string{rule.text}, "    ");
    if (const std::string claims = needs(rule); !claims.empty()) text += "    Tried where the backend claims: " + claims + "\n";
  }
  return text;
}

std::string list_markdown() {
  std::string text =
      "# The rules that a plugin is held to\n\n"
      "Made by `dispytch-conformance --list --markdown`. A rule is tried where the backend claims what it needs; "
      "[write-a-plugin.md](write-a-plugin.md) says how to run it.\n";
  std::string theme;
  for (const Rule& rule : all_rules()) {
    if (theme_of(rule) != theme) {
      theme = theme_of(rule);
      text += "\n## " + theme + "\n\n| rule | what must hold | tried where the backend claims |\n|---|---|---|\n";
    }
    text += "| `" + std::string{rule.name} + "` | " + std::string{rule.text} + " | " + needs(rule) + " |\n";
  }
  return text;
}

nlohmann::json list_json() {
  nlohmann::json rules = nlohmann::json::array();
  for (const Rule& rule : all_rules()) rules.push_back({{"name", rule.name}, {"text", rule.text}, {"needs", needs(rule)}});
  return rules;
}

}  // namespace dispytch::conformance
