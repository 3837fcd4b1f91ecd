#include "kit/findings.hpp"

#include <algorithm>

#include "border/capabilities.hpp"
#include "kit/failure.hpp"
#include "kit/keys.hpp"

namespace dispytch::conformance {
namespace {

const char* verdict_name(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::passed: return "passed";
    case Verdict::Kind::failed: return "failed";
    case Verdict::Kind::not_claimed: return "not claimed";
    case Verdict::Kind::not_tried: return "not tried";
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

// And what the kit's config must say, with the words for people about when it is tried.
std::string conditions(const Rule& rule) {
  std::string text = asks_to_string(rule.asks);
  const auto also = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  if (rule.offline) also("needs no config");
  if (rule.slow) also("slow");
  return text;
}

std::string escaped(std::string_view text) {
  std::string xml;
  for (const char c : text) {
    switch (c) {
      case '&': xml += "&amp;"; break;
      case '<': xml += "&lt;"; break;
      case '>': xml += "&gt;"; break;
      case '"': xml += "&quot;"; break;
      case '\n': xml += "&#10;"; break;
      default: xml += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;  // XML has no such characters at all
    }
  }
  return xml;
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
  std::string text =
      say(findings.count(Verdict::Kind::passed), " passed, ", findings.count(Verdict::Kind::failed), " failed, ",
          findings.count(Verdict::Kind::not_claimed), " not claimed, ", findings.count(Verdict::Kind::not_tried), " not tried\n");
  for (const Verdict::Kind kind : {Verdict::Kind::failed, Verdict::Kind::not_tried}) {
    if (findings.count(kind) == 0) continue;
    text += kind == Verdict::Kind::failed ? "failed:" : "not tried:";
    for (const Judged& judged : findings.verdicts) {
      if (judged.verdict.kind == kind) text += " " + std::string{judged.rule.name};
    }
    text += "\n";
  }
  return text;
}

std::string to_junit(const Findings& findings) {
  const auto seconds = [](std::chrono::milliseconds time) {
    const std::string thousandths = std::to_string(1000 + time.count() % 1000);
    return say(time.count() / 1000, ".", thousandths.substr(1));
  };
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
                    say("<testsuites name=\"dispytch-conformance ", escaped(findings.plugin.id), "\" tests=\"", findings.verdicts.size(),
                        "\" failures=\"", findings.count(Verdict::Kind::failed), "\">\n");
  for (std::size_t i = 0; i < findings.verdicts.size();) {
    const std::string theme = theme_of(findings.verdicts[i].rule);
    Findings suite;
    std::string cases;
    for (; i < findings.verdicts.size() && theme_of(findings.verdicts[i].rule) == theme; ++i) {
      const Judged& judged = findings.verdicts[i];
      suite.verdicts.push_back(judged);
      cases += say("    <testcase classname=\"", escaped(findings.plugin.id), ".", theme, "\" name=\"", judged.rule.name, "\" time=\"",
                   seconds(judged.took), "\"");
      if (judged.verdict.kind == Verdict::Kind::passed) {
        cases += "/>\n";
        continue;
      }
      cases += judged.verdict.kind == Verdict::Kind::failed
                   ? say(">\n      <failure message=\"", escaped(judged.rule.text), "\">", escaped(judged.verdict.why), "</failure>\n")
                   : say(">\n      <skipped message=\"", verdict_name(judged.verdict.kind), ": ", escaped(judged.verdict.why), "\"/>\n");
      cases += "    </testcase>\n";
    }
    const std::size_t skipped = suite.count(Verdict::Kind::not_claimed) + suite.count(Verdict::Kind::not_tried);
    xml += say("  <testsuite name=\"", theme, "\" tests=\"", suite.verdicts.size(), "\" failures=\"", suite.count(Verdict::Kind::failed),
               "\" skipped=\"", skipped, "\">\n", cases, "  </testsuite>\n");
  }
  return xml + "</testsuites>\n";
}

nlohmann::json to_json(const Findings& findings) {
  nlohmann::json rules = nlohmann::json::array();
  for (const Judged& judged : findings.verdicts) {
    nlohmann::json rule{{"name", judged.rule.name},
                        {"text", judged.rule.text},
                        {"verdict", verdict_name(judged.verdict.kind)},
                        {"took_ms", judged.took.count()}};
    if (!judged.verdict.why.empty()) rule["why"] = judged.verdict.why;
    rules.push_back(std::move(rule));
  }
  return {{"plugin", {{"id", findings.plugin.id}, {"version", findings.plugin.version}, {"path", findings.plugin.path.string()}}},
          {"rules", rules},
          {"passed", findings.count(Verdict::Kind::passed)},
          {"failed", findings.count(Verdict::Kind::failed)},
          {"not_claimed", findings.count(Verdict::Kind::not_claimed)},
          {"not_tried", findings.count(Verdict::Kind::not_tried)}};
}

std::string list_text() {
  std::string text;
  for (const Rule& rule : all_rules()) {
    text += std::string{rule.name} + "\n" + indented(std::string{rule.text}, "    ");
    if (const std::string claims = needs(rule); !claims.empty()) text += "    Tried where the backend claims: " + claims + "\n";
    if (const std::string more = conditions(rule); !more.empty()) text += "    And: " + more + "\n";
  }
  return text;
}

std::string list_markdown() {
  std::string text =
      "# The rules that a plugin is held to\n\n"
      "Made by `dispytch-conformance --list --markdown`; [write-a-plugin.md](write-a-plugin.md) says how to run it. A rule is tried where "
      "the "
      "backend claims what it needs, and where the kit's config says what it asks for there; else it is *not claimed*, or *not tried*, and "
      "counted and named so. Of the rules marked `slow` some take longer than 20 s with a broker whose own time-outs are usual ones: "
      "`--skip-slow` leaves them out, and `./dev test slow` is where they run for the plugins of this tree.\n\n"
      "## The kit's config\n\n"
      "A YAML file; `${VAR}` as in an application's. `dispytch-conformance PLUGIN --example-config` makes one of the plugin's schema.\n\n" +
      keys_markdown();
  std::string theme;
  for (const Rule& rule : all_rules()) {
    if (theme_of(rule) != theme) {
      theme = theme_of(rule);
      text += "\n## " + theme + "\n\n| rule | what must hold | tried where the backend claims | asks of the config |\n|---|---|---|---|\n";
    }
    text += "| `" + std::string{rule.name} + "` | " + std::string{rule.text} + " | " + needs(rule) + " | " + conditions(rule) + " |\n";
  }
  return text;
}

nlohmann::json list_json() {
  nlohmann::json rules = nlohmann::json::array();
  for (const Rule& rule : all_rules()) {
    rules.push_back(
        {{"name", rule.name}, {"text", rule.text}, {"needs", needs(rule)}, {"asks", asks_to_string(rule.asks)}, {"slow", rule.slow}});
  }
  return rules;
}

}  // namespace dispytch::conformance
