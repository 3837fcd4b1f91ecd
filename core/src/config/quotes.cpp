#include "config/quotes.hpp"

#include <algorithm>

namespace dispytch::config {
namespace {

constexpr std::string_view kSpaces = " \t";

bool is_quote(char character) { return character == '"' || character == '\''; }

std::size_t line_end(std::string_view yaml, std::size_t at) { return std::min(yaml.find('\n', at), yaml.size()); }

// The spaces that a line begins with; nothing where there is nothing else in it.
std::optional<std::size_t> indent_of(std::string_view yaml, std::size_t line) {
  const std::size_t text = std::min(yaml.find_first_not_of(' ', line), yaml.size());
  if (text == yaml.size() || yaml[text] == '\n' || yaml[text] == '\r') return std::nullopt;
  return text - line;
}

// Behind the closing quote of the text that begins at `offset`; nothing where it isn't closed.
std::optional<std::size_t> end_of_quoted(std::string_view yaml, std::size_t offset) {
  const char quote = yaml[offset];
  for (std::size_t at = offset + 1; at < yaml.size(); ++at) {
    if (quote == '"' && yaml[at] == '\\') {
      ++at;
    } else if (yaml[at] == quote) {
      const bool doubled = quote == '\'' && at + 1 < yaml.size() && yaml[at + 1] == quote;
      if (!doubled) return at + 1;
      ++at;
    }
  }
  return std::nullopt;
}

std::size_t end_of_block(std::string_view yaml, std::size_t offset) {
  const std::size_t before = yaml.rfind('\n', offset);
  const std::size_t indent = indent_of(yaml, before == std::string_view::npos ? 0 : before + 1).value_or(0);
  std::size_t end = line_end(yaml, offset);
  while (end < yaml.size()) {
    const std::optional<std::size_t> further = indent_of(yaml, end + 1);
    if (further && *further <= indent) break;
    end = line_end(yaml, end + 1);
  }
  return end;
}

}  // namespace

std::size_t find_value(std::string_view yaml, std::size_t offset) {
  for (std::size_t at = offset; at < yaml.size();) {
    const char character = yaml[at];
    if (character == '#' || character == '%') {
      at = line_end(yaml, at);
    } else if (character == '&' || character == '!') {
      at = std::min(yaml.find_first_of(" \t\r\n,[]{}", at), yaml.size());
    } else if (std::string_view{" \t\r\n:,[]{}?-"}.find(character) != std::string_view::npos) {
      ++at;
    } else {
      return at;
    }
  }
  return yaml.size();
}

std::size_t end_of_scalar(std::string_view yaml, std::size_t offset, std::string_view value) {
  if (offset >= yaml.size()) return yaml.size();
  if (is_quote(yaml[offset])) return end_of_quoted(yaml, offset).value_or(yaml.size());
  if (yaml[offset] == '|' || yaml[offset] == '>') return end_of_block(yaml, offset);
  return yaml.substr(offset).starts_with(value) ? offset + value.size() : offset;
}

std::optional<std::string> find_quote_problem(std::string_view yaml, std::size_t offset, int indent) {
  if (offset >= yaml.size() || !is_quote(yaml[offset])) return std::nullopt;
  const std::string quote{yaml[offset]};
  const std::optional<std::size_t> end = end_of_quoted(yaml, offset);
  if (!end) return "the quote " + quote + " that begins here is closed nowhere; write another where the text ends";
  for (std::size_t line = line_end(yaml, offset) + 1; line < *end; line = line_end(yaml, line) + 1) {
    const std::optional<std::size_t> spaces = indent_of(yaml, line);
    if (!spaces || static_cast<std::ptrdiff_t>(*spaces) > indent) continue;
    const auto lines = 1 + std::count(yaml.begin(), yaml.begin() + static_cast<std::ptrdiff_t>(*end), '\n');
    return "the quote " + quote + " that begins here is closed only in line " + std::to_string(lines) +
           ", and takes all between; close it where the text ends, or indent the text's other lines further";
  }
  const std::size_t next = std::min(yaml.find_first_not_of(kSpaces, *end), yaml.size());
  const bool comment = next < yaml.size() && yaml[next] == '#' && next > *end;
  if (next == yaml.size() || comment || std::string_view{"\r\n,]}:"}.find(yaml[next]) != std::string_view::npos) return std::nullopt;
  return "more follows behind the closing quote of the text that begins here; a quote is missing, or one within the text must be written " +
         (quote == "'" ? std::string{"twice"} : std::string{"as \\\""});
}

}  // namespace dispytch::config
