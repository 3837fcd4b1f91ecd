#include "cli/letter_filter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "app/command_line.hpp"
#include "cli/command.hpp"
#include "codec/time_text.hpp"

namespace dispytch::cli {
namespace {

constexpr std::array<std::string_view, 8> kTexts = {"reason", "exception", "handler", "listener", "group", "topic", "type", "key"};

const std::optional<std::string>& text_of(const Letter& letter, std::string_view name) {
  if (name == "reason") return letter.reason;
  if (name == "exception") return letter.exception;
  if (name == "handler") return letter.handler;
  if (name == "listener") return letter.listener;
  if (name == "group") return letter.group;
  if (name == "topic") return letter.original_topic;
  return name == "type" ? letter.type : letter.key;
}

std::int64_t parse_time(const std::string& condition, const std::string& text, std::int64_t now_ms) {
  if (const auto ago = app::parse_duration(text)) return now_ms - ago->count();
  std::int64_t time_ms = 0;
  if (codec::parse_rfc3339(text, 1000, time_ms) == codec::TimeProblem::none) return time_ms;
  throw UsageError{"--filter " + condition + ": expected a time such as 2026-01-02T03:04:05Z, or how long ago as `2h`, found \"" + text +
                   "\""};
}

[[noreturn]] void fail_unknown(const std::string& condition, const std::string& unknown) {
  std::string text = "--filter " + condition + ": a letter has no `" + unknown + "`; there are: ";
  for (const std::string_view name : kTexts) text.append(name).append(", ");
  throw UsageError{text + "since, until"};
}

}  // namespace

LetterFilter::LetterFilter(const std::vector<std::string>& conditions, std::int64_t now_ms) {
  for (const std::string& text : conditions) {
    const std::size_t sign = text.find_first_of("=~");
    if (sign == std::string::npos) {
      throw UsageError{"--filter " + text + ": expected NAME=VALUE or NAME~PART, such as reason=failed"};
    }
    Condition condition{.name = text.substr(0, sign), .text = text.substr(sign + 1), .contains = text[sign] == '~'};
    if (condition.name == "since" || condition.name == "until") {
      if (condition.contains)
        throw UsageError{"--filter " + text + ": a time has no parts; write " + condition.name + "=" + condition.text};
      condition.time_ms = parse_time(text, condition.text, now_ms);
    } else if (std::ranges::find(kTexts, condition.name) == kTexts.end()) {
      fail_unknown(text, condition.name);
    }
    conditions_.push_back(std::move(condition));
  }
}

bool LetterFilter::matches(const Letter& letter) const {
  return std::ranges::all_of(conditions_, [&](const Condition& condition) {
    if (condition.time_ms) {
      if (!letter.when_ms) return false;
      return condition.name == "since" ? *letter.when_ms >= *condition.time_ms : *letter.when_ms <= *condition.time_ms;
    }
    const std::optional<std::string>& text = text_of(letter, condition.name);
    if (!text) return !condition.contains && condition.text.empty();  // `group=`: those that say none
    return condition.contains ? text->find(condition.text) != std::string::npos : *text == condition.text;
  });
}

bool LetterFilter::names(std::string_view name) const {
  return std::ranges::any_of(conditions_, [&](const Condition& condition) { return condition.name == name; });
}

}  // namespace dispytch::cli
