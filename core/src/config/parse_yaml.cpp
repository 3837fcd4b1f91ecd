#include <array>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "config/quotes.hpp"
#include "config/scalar.hpp"
#include "config/text.hpp"
#include "config/tree.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;

std::size_t offset(const YAML::Mark& mark) { return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos); }

// yaml-cpp gives the escapes `\N` (next line) and `\_` (no-break space) as Latin-1. The file is UTF-8 and the other escapes are, so that a
// byte which begins no character can only come of these two.
std::string in_utf8(const std::string& scalar) {
  std::string text;
  std::string_view rest = scalar;
  while (const std::optional<TextError> error = find_text_error(rest)) {
    const char byte = rest[error->offset];
    text += rest.substr(0, error->offset);
    if (byte == '\x85' || byte == '\xA0') text += '\xC2';
    text += byte;
    rest.remove_prefix(error->offset + 1);
  }
  return text += rest;
}

// Reads events rather than yaml-cpp's nodes: they come with the place of each key, tell quoted from unquoted, and let duplicates be seen.
class YamlHandler final : public YAML::EventHandler {
 public:
  YamlHandler(const std::string& text, const Lines& lines, TreeBuilder& builder) : text_{text}, lines_{lines}, builder_{builder} {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) throw Unreadable{at(mark), "a second document begins here; a config file holds one"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (builder_.wants_key()) throw Unreadable{at(mark), "a key is missing or null; quote it if it is meant as text"};
    builder_.anchor(anchor);
    builder_.value(nullptr, is_written(mark) ? at(mark) : last_);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (builder_.wants_key()) throw Unreadable{at(mark), "an alias can't be a key"};
    builder_.alias(anchor, at(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& scalar) override {
    const std::string value = in_utf8(scalar);
    const bool plain = tag == "?";
    const std::size_t begin = find_value(text_, offset(mark));
    if (builder_.wants_key() && !indents_.back()) indents_.back() = lines_.position(begin).column - 1;
    require_closed_quote(begin);
    passed_ = end_of_scalar(text_, begin, scalar);
    if (builder_.wants_key()) {
      last_ = at(mark);
      builder_.key(value, last_, plain && value == "<<");
      if (anchor != 0) builder_.anchor_of_key(anchor, plain ? resolve_plain(value).value : json(value));
      return;
    }
    builder_.anchor(anchor);
    if (plain || tag == "!" || tag == "tag:yaml.org,2002:str") {
      builder_.scalar(value, at(mark), plain);
    } else {
      tagged(mark, tag, value);
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
    require_no_key(mark);
    const std::size_t begin = offset(mark);
    const bool marked = style == YAML::EmitterStyle::Block && begin < text_.size() && text_[begin] == '-';
    indents_.push_back(marked ? lines_.position(begin).column - 1 : indent());
    passed_ = begin;
    require_tag(mark, tag, "tag:yaml.org,2002:seq");
    builder_.anchor(anchor);
    builder_.begin_list(at(mark));
  }
  void OnSequenceEnd() override {
    indents_.pop_back();
    builder_.end();
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
    require_no_key(mark);
    indents_.push_back(style == YAML::EmitterStyle::Block ? std::nullopt : std::optional{indent()});
    passed_ = offset(mark);
    require_tag(mark, tag, "tag:yaml.org,2002:map");
    builder_.anchor(anchor);
    builder_.begin_map(at(mark));
  }
  void OnMapEnd() override {
    indents_.pop_back();
    builder_.end();
  }

  bool started() const { return started_; }

  // Throws Unreadable where the text that comes next begins with a quote that isn't closed where it should be.
  void require_closed_quote() const { require_closed_quote(find_value(text_, passed_)); }

 private:
  // The spaces before the keys of the block that is being read; of what stands in `{ }` and `[ ]`, those of the block around it.
  int indent() const {
    for (auto open = indents_.rbegin(); open != indents_.rend(); ++open)
      if (*open) return **open;
    return -1;
  }

  void require_closed_quote(std::size_t begin) const {
    if (const auto problem = find_quote_problem(text_, begin, indent())) throw Unreadable{lines_.position(begin), *problem};
  }

  Position at(const YAML::Mark& mark) const { return lines_.position(offset(mark)); }

  // Whether a null stands in the text. yaml-cpp puts one that doesn't where the next thing is.
  bool is_written(const YAML::Mark& mark) const {
    const std::string_view rest = std::string_view{text_}.substr(std::min(offset(mark), text_.size()));
    return rest.starts_with('~') || rest.starts_with("null") || rest.starts_with("Null") || rest.starts_with("NULL");
  }

  void require_no_key(const YAML::Mark& mark) const {
    if (builder_.wants_key())
      throw Unreadable{at(mark), "a list or mapping stands where a key is expected; a value that begins with `[`, `{` or `*` needs quotes"};
  }

  void require_tag(const YAML::Mark& mark, const std::string& tag, std::string_view allowed) {
    if (tag != "?" && tag != "!" && tag != allowed) unknown_tag(mark, tag);
  }

  void unknown_tag(const YAML::Mark& mark, const std::string& tag) {
    builder_.mistake(at(mark), "the tag `" + short_form(tag) + "` isn't understood; remove it");
  }

  static std::string short_form(const std::string& tag) {
    constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
    return tag.starts_with(kPrefix) ? "!!" + tag.substr(kPrefix.size()) : tag;
  }

  // !!int "7" and its kind: the value must be what the tag says.
  void tagged(const YAML::Mark& mark, const std::string& tag, const std::string& value) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTags{{{"tag:yaml.org,2002:int", "an integer"},
                                                                                  {"tag:yaml.org,2002:float", "a number"},
                                                                                  {"tag:yaml.org,2002:bool", "`true` or `false`"},
                                                                                  {"tag:yaml.org,2002:null", "nothing"}}};
    std::string_view wanted;
    for (const auto& [known, words] : kTags)
      if (tag == known) wanted = words;
    if (wanted.empty()) {
      unknown_tag(mark, tag);
      return builder_.value(value, at(mark));
    }
    const json typed = resolve_plain(value).value;
    const bool fits = (tag.ends_with(":int") && typed.is_number_integer()) || (tag.ends_with(":float") && typed.is_number()) ||
                      (tag.ends_with(":bool") && typed.is_boolean()) || (tag.ends_with(":null") && typed.is_null());
    if (!fits) builder_.mistake(at(mark), "the tag `" + short_form(tag) + "` asks for " + std::string{wanted} + ", the value is none");
    builder_.value(typed, at(mark));
  }

  const std::string& text_;
  const Lines& lines_;
  TreeBuilder& builder_;
  Position last_ = {1, 1};
  bool started_ = false;
  std::size_t passed_ = 0;                        // the byte behind what was read last
  std::vector<std::optional<int>> indents_ = {};  // of each mapping and list that is open; nullopt: its first key comes next
};

// yaml-cpp's words for what people get wrong most, in ours.
std::string reason(const std::string& said, std::string_view line) {
  const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
  if (line.substr(0, indent).find('\t') != std::string_view::npos) return "a tab in the indentation; YAML indents by spaces alone";
  std::string text = "this is no YAML: " + said;
  if (text.back() < 0) text.back() = '?';  // it quotes one byte of a longer character
  if (said == YAML::ErrorMsg::END_OF_MAP || said == YAML::ErrorMsg::MAP_VALUE || said == YAML::ErrorMsg::END_OF_SEQ ||
      said == YAML::ErrorMsg::BLOCK_ENTRY || said == YAML::ErrorMsg::MAP_KEY)
    text += "; check the indentation, and the `:` and a space behind each key";
  if (said == YAML::ErrorMsg::END_OF_MAP_FLOW || said == YAML::ErrorMsg::END_OF_SEQ_FLOW) text += "; a `}`, `]` or `,` is missing";
  if (said == YAML::ErrorMsg::UNKNOWN_ANCHOR) text += "; a value that begins with `*` needs quotes";
  if (said == YAML::ErrorMsg::UNKNOWN_TOKEN) text += "; a value that begins with `%`, `@` or a backtick needs quotes";
  if (line.find("${") != std::string_view::npos) text += "; a value with `${...}` needs quotes inside `{ }` and `[ ]`";
  return text;
}

}  // namespace

Tree parse_yaml(const std::string& text, Sources sources) {
  const Lines lines{text};
  TreeBuilder builder{std::move(sources)};
  YamlHandler handler{text, lines, builder};
  Tree::Mistake mistake;
  try {
    std::istringstream stream{text};
    YAML::Parser parser{stream};
    try {
      while (parser.HandleNextDocument(handler)) {}
    } catch (const YAML::DeepRecursion&) {
      throw;
    } catch (const YAML::Exception&) {
      handler.require_closed_quote();  // that is the mistake, and what yaml-cpp stumbles over comes of it
      throw;
    }
    return builder.finish(true);
  } catch (const Unreadable& unreadable) {
    mistake = {.position = unreadable.position, .text = unreadable.what()};
  } catch (const YAML::DeepRecursion& exception) {
    mistake = {.position = lines.position(offset(exception.mark)), .text = "the file is nested too deeply"};
  } catch (const YAML::Exception& exception) {
    const std::size_t at = offset(exception.mark);
    mistake = {.position = lines.position(at), .text = reason(exception.msg, lines.line(at))};
  }
  Tree tree = builder.finish(false);
  tree.mistakes.push_back(std::move(mistake));
  return tree;
}

}  // namespace dispytch::config
