#include <algorithm>
#include <cstdint>
#include <limits>

#include "config/scalar.hpp"
#include "config/text.hpp"
#include "config/tree.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;

// nlohmann's events say what was met but not where. As they come in the order of the text, the place is found by going along.
class JsonHandler {
 public:
  JsonHandler(const std::string& text, const Lines& lines, TreeBuilder& builder) : text_{text}, lines_{lines}, builder_{builder} {}

  bool null() { return value(nullptr); }
  bool boolean(bool boolean) { return value(boolean); }
  bool number_integer(json::number_integer_t number) { return value(number); }
  bool number_unsigned(json::number_unsigned_t number) {
    const bool fits = number <= static_cast<json::number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    return fits ? value(static_cast<std::int64_t>(number)) : too_large();
  }
  bool number_float(json::number_float_t number, const std::string& digits) {
    return digits.find_first_not_of("-0123456789") == std::string::npos ? too_large() : value(number);
  }
  bool string(std::string& text) {
    builder_.scalar(text, next(), false);
    return true;
  }
  bool binary(json::binary_t&) { return false; }  // JSON text has none
  bool start_object(std::size_t) {
    builder_.begin_map(next());
    return true;
  }
  bool start_array(std::size_t) {
    builder_.begin_list(next());
    return true;
  }
  bool key(std::string& name) {
    const Position at = next();
    builder_.key(std::move(name), at);
    return true;
  }
  bool end_object() { return end(); }
  bool end_array() { return end(); }

  [[noreturn]] bool parse_error(std::size_t position, const std::string&, const json::exception& exception) {
    const std::string why = reason(exception);
    const std::size_t begin = text_.find_first_not_of(" \t\r\n,:", at_);
    const bool open =
        begin != std::string::npos && text_[begin] == '"' &&
        (why.find("missing closing quote") != std::string::npos || why.find("control character U+000A") != std::string::npos ||
         why.find("control character U+000D") != std::string::npos);
    if (open)
      throw Unreadable{lines_.position(begin), "the quote that begins here is not closed in its line; write another where the text ends"};
    throw Unreadable{lines_.position(position == 0 ? 0 : position - 1), "this is no JSON: " + why};
  }

 private:
  bool value(json value) {
    const Position at = next();
    builder_.value(std::move(value), at, token_);
    return true;
  }
  bool too_large() {
    const Position at = next();
    builder_.mistake(at, integer_problem(token_.starts_with('-')));
    builder_.value(nullptr, at);
    return true;
  }
  bool end() {
    next();
    builder_.end();
    return true;
  }

  // The place of the token that comes next; goes on to its end.
  Position next() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n,:", at_), text_.size());
    const Position position = lines_.position(at_);
    if (at_ == text_.size()) return position;
    const std::size_t begin = at_;
    const char first = text_[at_++];
    if (first == '"') {
      while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
      ++at_;
    } else if (std::string_view{"{}[]"}.find(first) == std::string_view::npos) {
      at_ = std::min(text_.find_first_of(" \t\r\n,:]}", at_), text_.size());
    }
    token_ = std::string_view{text_}.substr(begin, at_ - begin);
    return position;
  }

  // What nlohmann says, without where (that is said better) and without what it read last, which may be a secret.
  static std::string reason(const json::exception& exception) {
    if (exception.id == 406) return "a number is too large; quote it if it is meant as text";
    const std::string said = exception.what();
    const std::size_t begin = said.find(" - ");
    if (begin == std::string::npos) return "it can't be read";
    std::string text = said.substr(begin + 3);
    const std::size_t last_read = text.find("; last read: '");
    const std::size_t wanted = text.rfind("; expected ");
    if (last_read == std::string::npos) return text;
    return text.substr(0, last_read) + (wanted == std::string::npos || wanted < last_read ? "" : text.substr(wanted));
  }

  const std::string& text_;
  const Lines& lines_;
  TreeBuilder& builder_;
  std::size_t at_ = 0;
  std::string_view token_ = {};  // the last one
};

}  // namespace

Tree parse_json(const std::string& text, Sources sources) {
  const Lines lines{text};
  TreeBuilder builder{std::move(sources)};
  JsonHandler handler{text, lines, builder};
  try {
    json::sax_parse(text, &handler);
    return builder.finish(true);
  } catch (const Unreadable& unreadable) {
    Tree tree = builder.finish(false);
    tree.mistakes.push_back({.position = unreadable.position, .text = unreadable.what()});
    return tree;
  }
}

}  // namespace dispytch::config
