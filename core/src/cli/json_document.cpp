#include "cli/json_document.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "codec/number_text.hpp"
#include "codec/unescape.hpp"
#include "text/character.hpp"
#include "text/escape.hpp"
#include "text/json_pointer.hpp"

namespace dispytch::cli {
namespace {

constexpr int kDeepest = 1'000;  // objects and arrays in one another: the reader goes into itself
constexpr std::string_view kWhiteSpace = " \t\r\n";

}  // namespace

// Takes the text apart; the first problem ends it.
class JsonDocument::Parser {
 public:
  Parser(std::string_view text, std::vector<Value>& values) : text_{text}, values_{values} {}

  std::optional<Problem> run() {
    value({}, 0, 0);
    skip_white_space();
    if (!problem_ && at_ < text_.size()) fail("nothing more");
    return std::move(problem_);
  }

 private:
  bool fail(std::string expected) { return fail(at_, std::move(expected)); }
  bool fail(std::size_t byte, std::string expected) {
    problem_ = Problem{std::min(byte, text_.size()), std::move(expected)};
    return false;
  }
  void skip_white_space() { at_ = std::min(text_.find_first_not_of(kWhiteSpace, at_), text_.size()); }
  bool next_is(char character) const { return at_ < text_.size() && text_[at_] == character; }
  bool take(char character) {
    if (!next_is(character)) return false;
    ++at_;
    return true;
  }

  bool value(std::string name, std::size_t name_at, int depth) {
    skip_white_space();
    const std::size_t index = values_.size();
    const std::size_t begin = at_;
    values_.push_back({.name = std::move(name), .name_at = name_at});
    if (at_ == text_.size()) return fail("a value");
    Kind kind = Kind::null;
    switch (text_[at_]) {
      case '{': kind = Kind::object; break;
      case '[': kind = Kind::array; break;
      case '"': kind = Kind::string; break;
      default: break;
    }
    if (kind == Kind::null) return scalar(index);
    std::string unused;
    if (kind == Kind::string ? !string(unused) : !structure(kind, depth)) return false;
    values_[index].kind = kind;
    values_[index].raw = text_.substr(begin, at_ - begin);
    values_[index].behind = values_.size();
    return true;
  }

  bool scalar(std::size_t index) {
    const std::string_view token = text_.substr(at_, std::min(text_.find_first_of(" \t\r\n,:[]{}\"", at_), text_.size()) - at_);
    Kind kind = Kind::number;
    if (token == "null") {
      kind = Kind::null;
    } else if (token == "true" || token == "false") {
      kind = Kind::boolean;
    } else if (!codec::is_number(token)) {
      return fail(at_ + token.size() == text_.size() && begins_a_scalar(token) ? text_.size() : at_, "a value");
    }
    values_[index].kind = kind;
    values_[index].raw = token;
    values_[index].behind = values_.size();
    at_ += token.size();
    return true;
  }

  // Whether the end of the text may have cut it off.
  static bool begins_a_scalar(std::string_view token) {
    for (const std::string_view word : {"null", "true", "false"}) {
      if (!token.empty() && word.starts_with(token)) return true;
    }
    return codec::is_number(std::string{token} + "0");
  }

  // From the opening quote to behind the closing one.
  bool string(std::string& out) {
    const std::size_t begin = ++at_;
    while (!next_is('"')) {
      if (at_ == text_.size()) return fail("a quote at the end of the string");
      const text::Character character = text::first_character(text_.substr(at_));
      if (!character.valid) return fail("UTF-8");
      if (character.code_point < 0x20) return fail("control characters in strings to be escaped");
      at_ += character.size;
      if (character.code_point == '\\') at_ = std::min(at_ + 1, text_.size());
    }
    const std::string_view raw = text_.substr(begin, at_ - begin);
    if (raw.find('\\') == std::string_view::npos) {
      out = raw;
    } else if (!codec::unescape(raw, out)) {
      return fail(begin - 1, "a string with legal escapes");
    }
    ++at_;
    return true;
  }

  bool structure(Kind kind, int depth) {
    const char end = kind == Kind::object ? '}' : ']';
    if (depth == kDeepest) return fail("at most " + std::to_string(kDeepest) + " objects and arrays in one another");
    ++at_;
    skip_white_space();
    if (take(end)) return true;
    while (true) {
      std::string name;
      skip_white_space();
      const std::size_t name_at = at_;
      if (kind == Kind::object) {
        if (!next_is('"')) return fail("a key in quotes");
        if (!string(name)) return false;
        skip_white_space();
        if (!take(':')) return fail("`:`");
      }
      if (!value(std::move(name), name_at, depth + 1)) return false;
      skip_white_space();
      if (take(end)) return true;
      if (!take(',')) return fail(std::string{"`,` or `"} + end + '`');
    }
  }

  std::string_view text_;
  std::vector<Value>& values_;
  std::size_t at_ = 0;
  std::optional<Problem> problem_ = {};
};

std::optional<JsonDocument::Problem> JsonDocument::read(std::string_view text) {
  text_ = text;
  values_.clear();
  return Parser{text, values_}.run();
}

std::vector<const JsonDocument::Value*> JsonDocument::children(const Value& value) const {
  std::vector<const Value*> all;
  for (std::size_t index = index_of(value) + 1; index < value.behind; index = values_[index].behind) all.push_back(&values_[index]);
  return all;
}

std::vector<const JsonDocument::Value*> JsonDocument::members(const Value& object, std::string_view name) const {
  if (object.kind != Kind::object) return {};
  std::vector<const Value*> all = children(object);
  std::erase_if(all, [&](const Value* member) { return member->name != name; });
  return all;
}

const JsonDocument::Value* JsonDocument::member(const Value& object, std::string_view name) const {
  const std::vector<const Value*> all = members(object, name);
  return all.size() == 1 ? all.front() : nullptr;
}

const JsonDocument::Value* JsonDocument::at_pointer(const Value& from, std::string_view pointer) const {
  const Value* value = &from;
  for (const std::string& step : text::steps(pointer)) {
    if (value == nullptr) break;
    if (value->kind == Kind::array) {
      std::size_t index = 0;
      const auto [end, problem] = std::from_chars(step.data(), step.data() + step.size(), index);
      const std::vector<const Value*> elements = children(*value);
      const bool found = problem == std::errc{} && end == step.data() + step.size() && index < elements.size();
      value = found ? elements[index] : nullptr;
    } else {
      value = member(*value, step);
    }
  }
  return value;
}

std::optional<JsonDocument::Repeated> JsonDocument::repeated() const { return repeated_in(0); }

std::optional<JsonDocument::Repeated> JsonDocument::repeated_in(std::size_t index) const {
  const Value& value = values_[index];
  std::unordered_set<std::string_view> names;
  std::size_t number = 0;
  for (std::size_t child = index + 1; child < value.behind; child = values_[child].behind, ++number) {
    std::optional<Repeated> found;
    if (value.kind == Kind::object && !names.insert(values_[child].name).second) {
      found = Repeated{.byte = values_[child].name_at};
    } else if (values_[child].behind > child + 1) {
      found = repeated_in(child);
    }
    if (!found) continue;
    text::prepend_step(found->pointer, value.kind == Kind::object ? values_[child].name : std::to_string(number));
    return found;
  }
  return std::nullopt;
}

std::string string_value(const JsonDocument::Value& string) {
  std::string text;
  codec::unescape(string.raw.substr(1, string.raw.size() - 2), text);
  return text;
}

namespace {

// The length of the string that begins with the quote at `begin`, both quotes included.
std::size_t string_size(std::string_view json, std::size_t begin) {
  std::size_t at = begin + 1;
  while (json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return at + 1 - begin;
}

// Walks over what is no white space: a string as one piece, anything else byte by byte.
template <class Piece>
void for_each_piece(std::string_view json, Piece piece) {
  for (std::size_t at = 0; at < json.size();) {
    if (kWhiteSpace.find(json[at]) != std::string_view::npos) {
      ++at;
      continue;
    }
    const std::size_t size = json[at] == '"' ? string_size(json, at) : 1;
    piece(json.substr(at, size));
    at += size;
  }
}

// What nlohmann's strings hold must be UTF-8 before it writes them.
void mend_strings(nlohmann::ordered_json& json) {
  if (json.is_string()) {
    json = text::valid_utf8(json.get_ref<const std::string&>());
  } else if (json.is_array()) {
    for (auto& element : json) mend_strings(element);
  } else if (json.is_object()) {
    nlohmann::ordered_json mended = nlohmann::ordered_json::object();
    for (auto& [name, member] : json.items()) {
      mend_strings(member);
      mended[text::valid_utf8(name)] = std::move(member);
    }
    json = std::move(mended);
  }
}

}  // namespace

std::string compact(const JsonDocument::Value& value) {
  std::string out;
  out.reserve(value.raw.size());
  for_each_piece(value.raw, [&](std::string_view piece) { out += piece; });
  return out;
}

std::string indented(const JsonDocument::Value& value) {
  std::string out;
  std::size_t depth = 0;
  bool empty = false;  // nothing stands in the object or array that began last
  const auto new_line = [&] { out.append(1, '\n').append(2 * depth, ' '); };
  for_each_piece(value.raw, [&](std::string_view piece) {
    const char first = piece.front();
    if (first == '}' || first == ']') {
      --depth;
      if (!empty) new_line();
    } else if (empty) {
      new_line();
    }
    empty = first == '{' || first == '[';
    out += piece;
    if (empty) ++depth;
    if (first == ',') new_line();
    if (first == ':') out += ' ';
  });
  return out;
}

std::string json_text(nlohmann::ordered_json json, int indent) {
  mend_strings(json);
  return text::escape_json(json.dump(indent));
}

}  // namespace dispytch::cli
