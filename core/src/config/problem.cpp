#include <algorithm>
#include <tuple>
#include <utility>

#include "config/problem_list.hpp"
#include "schema/pointer.hpp"
#include "text/json_pointer.hpp"

namespace dispytch::config {
namespace {

std::string_view section_name(Section section) {
  switch (section) {
    case Section::backends: return "backends";
    case Section::emitters: return "emitters";
    case Section::listeners: return "listeners";
  }
  return "backends";
}

// Keys and values can hold what would break a line or command a terminal.
std::string one_line(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      line += {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace

std::string to_string(const Problem& problem) {
  std::string line = problem.file;
  if (problem.position.line > 0) line += ':' + std::to_string(problem.position.line) + ':' + std::to_string(problem.position.column);
  if (!problem.path.empty()) line += ": " + problem.path;
  return line + ": " + problem.text;
}

std::string report(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += to_string(problem) + '\n';
  return text + std::to_string(problems.size()) + (problems.size() == 1 ? " error\n" : " errors\n");
}

Positions::Place Positions::nearest(std::string_view pointer) const {
  for (;;) {
    if (const auto found = places_.find(pointer); found != places_.end()) return found->second;
    const std::size_t end = pointer.rfind('/');
    if (end == std::string_view::npos) return {};
    pointer = pointer.substr(0, end);
  }
}

Refusal read_refusal(std::string text) {
  Refusal refusal;
  const std::size_t colon = text.find(": ");
  if (colon != std::string::npos && schema::within(refusal.pointer, text.substr(0, colon))) {
    refusal.pointer = text.substr(0, colon);
    text = text.substr(colon + 2);
  }
  refusal.text = std::move(text);
  return refusal;
}

bool stands_in_backend(const nlohmann::json& own, const nlohmann::json& of_backend, std::string_view pointer) {
  const std::vector<std::string> steps = text::steps(pointer);
  return steps.size() > 1 && !own.contains(steps[1]) && of_backend.contains(steps[1]);
}

Problem plugin_problem(const Config& config, Section section, std::string_view name, const Error& error) {
  Refusal refusal = read_refusal(error.text);
  std::string owner{name};
  const auto look_at_backend = [&](const auto& user) {
    if (!stands_in_backend(user.config, config.backends.at(user.backend).config, refusal.pointer)) return;
    section = Section::backends;
    owner = user.backend;
  };
  if (section == Section::emitters) look_at_backend(config.emitters.at(owner));
  if (section == Section::listeners) look_at_backend(config.listeners.at(owner));
  const std::string pointer = schema::child('/' + std::string{section_name(section)}, owner) + refusal.pointer;
  const std::string path =
      std::string{section_name(section)} + '.' + owner + '.' + schema::dotted(refusal.pointer, nlohmann::json::object());
  return {.file = config.file.string(),
          .position = config.positions.key(pointer),
          .path = one_line(path),
          .text = one_line(scrub(config, std::move(refusal.text)))};
}

ProblemList::ProblemList(std::string file, const Tree& tree) : file_{std::move(file)}, tree_{tree} {
  for (const auto& [pointer, place] : tree.places) positions_.set(pointer, place);
  for (const Tree::Mistake& mistake : tree.mistakes) {
    entries_.push_back({.problem = {.file = file_,
                                    .position = mistake.position,
                                    .path = one_line(schema::dotted(mistake.pointer, tree.value)),
                                    .text = one_line(mistake.text)}});
  }
}

void ProblemList::add(std::string_view pointer, bool about_key, const std::string& text) {
  if (is_broken(pointer)) return;
  reported_.emplace(pointer);
  entries_.push_back({.problem = {.file = file_,
                                  .position = about_key ? positions_.key(pointer) : positions_.value(pointer),
                                  .path = one_line(schema::dotted(pointer, tree_.value)),
                                  .text = one_line(text)},
                      .placed = tree_.places.contains(std::string{pointer})});
}

bool ProblemList::is_broken(std::string_view pointer) const { return schema::within_any(tree_.broken, pointer); }

Problems ProblemList::sorted() && {
  const auto order = [](const Entry& entry) {
    const Problem& problem = entry.problem;
    return std::tie(problem.position.line, problem.position.column, problem.text, problem.path);
  };
  std::stable_sort(entries_.begin(), entries_.end(), [&](const Entry& left, const Entry& right) { return order(left) < order(right); });
  Problems problems;
  const Entry* last = nullptr;
  for (const Entry& entry : entries_) {
    // Two paths lead to one place only by an alias.
    const bool repeats = last != nullptr && last->placed && entry.placed && last->problem.position == entry.problem.position &&
                         last->problem.text == entry.problem.text;
    if (!repeats) problems.push_back(entry.problem);
    last = &entry;
  }
  return problems;
}

}  // namespace dispytch::config
