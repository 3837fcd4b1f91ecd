#include "config/tree.hpp"

#include <utility>

#include "config/scalar.hpp"
#include "schema/pointer.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;

constexpr const char* kMergeKey = "<<";

// The entries of a map or set of pointers that stand at or below one pointer, as [first, last).
template <class Container>
auto notes_below(Container& container, const std::string& pointer) {
  // '0' follows '/' in ASCII: every pointer below begins with `pointer` and '/'.
  return std::pair{container.lower_bound(pointer + '/'), container.lower_bound(pointer + '0')};
}

template <class Map>
void copy_entries(Map& map, const std::string& from, const std::string& to) {
  const auto [first, last] = notes_below(map, from);
  Map copies;
  for (auto entry = first; entry != last; ++entry) copies.emplace(to + entry->first.substr(from.size()), entry->second);
  if (const auto itself = map.find(from); itself != map.end()) copies.emplace(to, itself->second);
  map.merge(copies);
}

void copy_entries(std::set<std::string>& set, const std::string& from, const std::string& to) {
  const auto [first, last] = notes_below(set, from);
  std::set<std::string> copies;
  for (auto entry = first; entry != last; ++entry) copies.insert(to + entry->substr(from.size()));
  if (set.contains(from)) copies.insert(to);
  set.merge(copies);
}

template <class Container>
void erase_entries(Container& container, const std::string& pointer) {
  const auto [first, last] = notes_below(container, pointer);
  container.erase(first, last);
  container.erase(pointer);
}

}  // namespace

void TreeBuilder::begin_map(Position at) { begin(json::object(), at); }
void TreeBuilder::begin_list(Position at) { begin(json::array(), at); }

void TreeBuilder::begin(json empty, Position at) {
  if (frames_.size() >= kDeepest) throw Unreadable{at, "mappings and lists are nested more than " + std::to_string(kDeepest) + " deep"};
  count(1, 0, at);
  Frame frame{.value = std::move(empty), .pointer = next_pointer(), .anchor = std::exchange(next_anchor_, 0)};
  place(frame.pointer, at);
  frames_.push_back(std::move(frame));
}

void TreeBuilder::key(std::string name, Position at, bool merges) {
  if (name.size() > kLongestKey) throw Unreadable{at, "a key is longer than " + std::to_string(kLongestKey) + " bytes"};
  count(0, name.size(), at);
  next_anchor_ = 0;
  Frame& frame = frames_.back();
  frame.has_key = true;
  frame.merges = frame.merges || merges;
  key_position_ = at;
  if (!frame.value.contains(name)) {
    frame.key = std::move(name);
    if (frame.key.find("${") != std::string::npos) mistake(at, "`${` in a key; only values are interpolated");
    return;
  }
  const int first = tree_.places.at(schema::child(frame.pointer, name)).key.line;
  frame.key = std::move(name);
  tree_.mistakes.push_back(
      {.pointer = next_pointer(), .position = at, .text = "duplicate key; it stands in line " + std::to_string(first) + " already"});
  frame.key += " (again)";
  frame.repeated = true;
}

void TreeBuilder::scalar(const std::string& text, Position at, bool plain) {
  const std::string pointer = next_pointer();
  const Interpolated interpolated = interpolate(text, sources_);
  for (const std::string& problem : interpolated.problems) mistake(at, problem);
  if (interpolated.changed) tree_.written[pointer] = text;
  if (interpolated.secret) tree_.secrets.insert(pointer);
  if (!interpolated.problems.empty() || !plain) return value(interpolated.text, at);
  Scalar scalar = resolve_plain(interpolated.text);
  if (!scalar.problem.empty()) mistake(at, scalar.problem);
  value(std::move(scalar.value), at, interpolated.text);
}

void TreeBuilder::value(json value, Position at, std::string_view letters) {
  const bool has_letters = value.is_number() || value.is_boolean();
  if (has_letters && !letters.empty() && value.dump() != letters) tree_.letters[next_pointer()] = letters;
  count(1, value.is_string() ? value.get_ref<const std::string&>().size() : 0, at);
  place(next_pointer(), at);
  put(std::move(value), std::exchange(next_anchor_, 0));
}

void TreeBuilder::end() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.merges) merge(frame);
  put(std::move(frame.value), frame.anchor);
}

void TreeBuilder::alias(std::size_t number, Position at) {
  const auto found = anchors_.find(number);
  if (found == anchors_.end()) throw Unreadable{at, "this alias repeats what it stands in; it would never end"};
  count_copy(found->second.value, frames_.size(), at);
  const std::string pointer = next_pointer();
  if (!found->second.pointer.empty() && pointer != found->second.pointer) copy_notes(found->second.pointer, pointer);
  place(pointer, at);
  put(found->second.value, 0);
}

void TreeBuilder::mistake(Position at, std::string text) {
  const std::string pointer = next_pointer();
  tree_.mistakes.push_back({.pointer = pointer, .position = at, .text = std::move(text)});
  tree_.broken.insert(pointer);
}

Tree TreeBuilder::finish(bool complete) {
  tree_.complete = complete;
  return std::move(tree_);
}

std::string TreeBuilder::next_pointer() const {
  if (frames_.empty()) return {};
  const Frame& frame = frames_.back();
  return frame.value.is_array() ? schema::child(frame.pointer, frame.value.size()) : schema::child(frame.pointer, frame.key);
}

void TreeBuilder::put(json value, std::size_t anchor) {
  if (anchor != 0) anchors_[anchor] = {.value = value, .pointer = next_pointer()};
  if (frames_.empty()) {
    tree_.value = std::move(value);
    return;
  }
  Frame& frame = frames_.back();
  if (frame.value.is_array()) {
    frame.value.push_back(std::move(value));
    return;
  }
  if (frame.repeated) {
    erase_notes(next_pointer());
  } else {
    frame.value[frame.key] = std::move(value);
  }
  frame.has_key = frame.repeated = false;
}

void TreeBuilder::place(const std::string& pointer, Position at) {
  const bool has_key = !frames_.empty() && frames_.back().value.is_object();
  tree_.places[pointer] = {.key = has_key ? key_position_ : at, .value = at};
}

void TreeBuilder::count(std::size_t nodes, std::size_t text, Position at) {
  nodes_ += nodes;
  text_ += text;
  if (nodes_ > kMostNodes) throw Unreadable{at, "more than " + std::to_string(kMostNodes) + " values, those counted that aliases repeat"};
  if (text_ > kMostText)
    throw Unreadable{at, "more than " + std::to_string(kMostText >> 20) + " MiB of text, that counted which aliases and `${...}` put in"};
}

void TreeBuilder::count_copy(const json& value, std::size_t depth, Position at) {
  if (value.is_structured() && depth >= kDeepest)
    throw Unreadable{at, "by this alias mappings and lists are nested more than " + std::to_string(kDeepest) + " deep"};
  count(1, value.is_string() ? value.get_ref<const std::string&>().size() : 0, at);
  if (!value.is_structured()) return;
  for (const auto& [key, part] : value.items()) {
    if (value.is_object()) count(0, key.size(), at);
    count_copy(part, depth + 1, at);
  }
}

// Takes over what the merge key brings: keys that stand in the mapping itself go first, then those of the earlier mappings of the list.
void TreeBuilder::merge(Frame& frame) {
  const std::string pointer = schema::child(frame.pointer, kMergeKey);
  const json merged = std::move(frame.value[kMergeKey]);
  frame.value.erase(kMergeKey);
  const auto take = [&](const json& mapping, const std::string& from) {
    for (const auto& [key, part] : mapping.items()) {
      if (frame.value.contains(key)) continue;
      frame.value[key] = part;
      copy_notes(schema::child(from, key), schema::child(frame.pointer, key));
    }
  };
  const Position at = tree_.places.at(pointer).value;
  bool wrong = !merged.is_structured();
  if (merged.is_object()) take(merged, pointer);
  if (merged.is_array()) {
    for (std::size_t i = 0; i < merged.size(); ++i) {
      if (merged[i].is_object()) take(merged[i], schema::child(pointer, i));
      wrong = wrong || !merged[i].is_object();
    }
  }
  erase_notes(pointer);
  if (wrong) tree_.mistakes.push_back({.pointer = pointer, .position = at, .text = "expected a mapping or a list of mappings to merge"});
}

void TreeBuilder::copy_notes(const std::string& from, const std::string& to) {
  copy_entries(tree_.places, from, to);
  copy_entries(tree_.written, from, to);
  copy_entries(tree_.letters, from, to);
  copy_entries(tree_.secrets, from, to);
  copy_entries(tree_.broken, from, to);
}

void TreeBuilder::erase_notes(const std::string& pointer) {
  erase_entries(tree_.places, pointer);
  erase_entries(tree_.written, pointer);
  erase_entries(tree_.letters, pointer);
  erase_entries(tree_.secrets, pointer);
  erase_entries(tree_.broken, pointer);
}

}  // namespace dispytch::config
