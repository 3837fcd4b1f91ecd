// A cursor over the JSON that opens a backend, a producer or a consumer, so that a plugin needs no JSON library.
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <locale>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <dispytch/plugin/status.hpp>

namespace dispytch::plugin {
namespace detail {

/// Finds its way through JSON text. Every position is checked against the end; text that is no JSON throws Exception.
class JsonText {
 public:
  explicit JsonText(std::string_view text, std::size_t position = 0) noexcept : text_{text}, at_{position} {}

  std::size_t position() const noexcept { return at_; }
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
    if (at_ == text_.size()) fail("its end");
    return text_[at_];
  }
  bool take(char expected) {
    if (peek() != expected) return false;
    ++at_;
    return true;
  }
  void need(char expected) {
    if (!take(expected)) fail(std::string{"`"} + text_[at_] + "`");
  }

  std::string string() {
    need('"');
    std::string out;
    for (;;) {
      char c = next();
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      switch (c = next()) {
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'n': out += '\n'; break;
        case 'r': out += '\r'; break;
        case 't': out += '\t'; break;
        case 'u': append_utf8(out, code_point()); break;
        default: out += c;
      }
    }
  }

  /// The text of a number, true, false or null.
  std::string_view scalar() {
    peek();
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::string_view{",]} \t\r\n"}.find(text_[at_]) == std::string_view::npos) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void skip_value() {
    int depth = 0;
    do {
      switch (peek()) {
        case '{':
        case '[':
          ++depth;
          ++at_;
          break;
        case '}':
        case ']':
          if (depth-- == 0) fail("a bracket too many");
          ++at_;
          break;
        case ',':
        case ':':
          if (depth == 0) fail("no value");
          ++at_;
          break;
        case '"': skip_string(); break;
        default: scalar();
      }
    } while (depth > 0);
  }

 private:
  char next() {
    if (at_ == text_.size()) fail("its end");
    return text_[at_++];
  }
  void skip_string() {
    need('"');
    for (char c = next(); c != '"'; c = next()) {
      if (c == '\\') next();
    }
  }
  std::uint32_t hex4() {
    std::uint32_t value = 0;
    if (text_.size() - at_ < 4) fail("its end");
    const auto [end, problem] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, value, 16);
    if (problem != std::errc{} || end != text_.data() + at_ + 4) fail("no four hexadecimal digits after \\u");
    at_ += 4;
    return value;
  }
  std::uint32_t code_point() {
    const std::uint32_t high = hex4();
    if (high < 0xd800 || high > 0xdbff || text_.substr(at_, 2) != "\\u") return high;
    at_ += 2;
    const std::uint32_t low = hex4();
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  }
  static void append_utf8(std::string& out, std::uint32_t c) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xc0 | (c >> 6));
      tail(0);
    } else if (c < 0x10000) {
      out += static_cast<char>(0xe0 | (c >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xf0 | ((c >> 18) & 0x07));
      tail(12);
      tail(6);
      tail(0);
    }
  }
  [[noreturn]] void fail(const std::string& found) const {
    throw Exception{DISPYTCH_EINVAL, "the JSON that the host gave is broken at byte " + std::to_string(at_) + ": found " + found};
  }

  std::string_view text_;
  std::size_t at_;
};

}  // namespace detail

/// One value of the config, or its absence. Cheap to copy; keeps the text alive. The host has validated it against the plugin's schema;
/// asking for another type than is there throws Exception with DISPYTCH_ECONFIG and the value's JSON pointer, which the host turns into
/// file, line and column.
class Config {
 public:
  enum class Kind : std::uint8_t { absent, null, boolean, number, string, array, object };

  Config() noexcept = default;  ///< absent
  explicit Config(std::string_view json) : text_{std::make_shared<const std::string>(json)} {
    detail::JsonText whole{*text_};
    begin_ = (whole.peek(), whole.position());
    whole.skip_value();
    end_ = whole.position();
  }

  Kind kind() const noexcept {
    if (text_ == nullptr) return Kind::absent;
    switch ((*text_)[begin_]) {
      case '{': return Kind::object;
      case '[': return Kind::array;
      case '"': return Kind::string;
      case 't':
      case 'f': return Kind::boolean;
      case 'n': return Kind::null;
      default: return Kind::number;
    }
  }
  /// Whether there is a value other than null.
  explicit operator bool() const noexcept { return kind() != Kind::absent && kind() != Kind::null; }

  /// The member of an object; absent where there is none.
  Config at(std::string_view name) const {
    if (kind() == Kind::object) {
      for (auto& [member, value] : members()) {
        if (member == name) return std::move(value);
      }
    }
    Config missing;
    missing.pointer_ = child_pointer(name);
    return missing;
  }

  /// The value as bool, any integer, double, std::string, or std::chrono::milliseconds (from an integer).
  template <class T>
  T as() const {
    if constexpr (std::same_as<T, std::string>) {
      if (kind() != Kind::string) throw wrong("a string");
      return detail::JsonText{*text_, begin_}.string();
    } else if constexpr (std::same_as<T, bool>) {
      if (kind() != Kind::boolean) throw wrong("true or false");
      return (*text_)[begin_] == 't';
    } else if constexpr (std::same_as<T, std::chrono::milliseconds>) {
      return std::chrono::milliseconds{as<std::int64_t>()};
    } else if constexpr (std::integral<T>) {
      T value = 0;
      const std::string_view number = text();
      const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), value);
      if (kind() != Kind::number || problem != std::errc{} || end != number.data() + number.size()) {
        throw wrong("an integer between " + std::to_string(std::numeric_limits<T>::min()) + " and " +
                    std::to_string(std::numeric_limits<T>::max()));
      }
      return value;
    } else {
      static_assert(std::same_as<T, double>, "Config::as takes bool, integers, double, std::string and std::chrono::milliseconds");
      double value = 0;  // by a stream: std::from_chars has no double in every library, strtod asks the locale
      std::istringstream number{std::string{text()}};
      number.imbue(std::locale::classic());
      if (kind() != Kind::number || !(number >> value)) throw wrong("a number");
      return value;
    }
  }

  /// The member of that name, if it is there and not null.
  template <class T>
  std::optional<T> get(std::string_view name) const {
    const Config member = at(name);
    return member ? std::optional{member.as<T>()} : std::nullopt;
  }
  template <class T>
  T get(std::string_view name, T otherwise) const {
    const Config member = at(name);
    return member ? member.as<T>() : std::move(otherwise);
  }
  std::string get(std::string_view name, const char* otherwise) const { return get<std::string>(name, otherwise); }
  /// The member of that name; Exception where it is missing.
  template <class T>
  T require(std::string_view name) const {
    return at(name).as<T>();
  }

  /// The members of an object in the order of the text; none for anything else.
  std::vector<std::pair<std::string, Config>> members() const {
    std::vector<std::pair<std::string, Config>> all;
    if (kind() != Kind::object) return all;
    detail::JsonText json{*text_, begin_ + 1};
    while (json.peek() != '}') {
      std::string name = json.string();
      json.need(':');
      Config value = child(json, name);
      all.emplace_back(std::move(name), std::move(value));
      if (!json.take(',')) break;
    }
    return all;
  }
  /// The elements of an array; none for anything else.
  std::vector<Config> elements() const {
    std::vector<Config> all;
    if (kind() != Kind::array) return all;
    detail::JsonText json{*text_, begin_ + 1};
    while (json.peek() != ']') {
      all.push_back(child(json, std::to_string(all.size())));
      if (!json.take(',')) break;
    }
    return all;
  }

  /// The value's own JSON text; empty where absent.
  std::string_view text() const noexcept { return text_ == nullptr ? "" : std::string_view{*text_}.substr(begin_, end_ - begin_); }
  /// Where it stands: "/config/acks".
  const std::string& pointer() const noexcept { return pointer_; }

  /// An error about this value, for what a schema can't say: `return config.at("acks").error("expected all, since ...");`
  Error error(std::string_view text) const { return {.code = DISPYTCH_ECONFIG, .text = pointer_ + ": " + std::string{text}}; }

 private:
  Config child(detail::JsonText& json, std::string_view name) const {
    Config value;
    value.text_ = text_;
    value.begin_ = (json.peek(), json.position());
    json.skip_value();
    value.end_ = json.position();
    value.pointer_ = child_pointer(name);
    return value;
  }
  std::string child_pointer(std::string_view name) const {
    std::string pointer = pointer_ + '/';
    for (char c : name) {
      if (c == '~') {
        pointer += "~0";
      } else if (c == '/') {
        pointer += "~1";
      } else {
        pointer += c;
      }
    }
    return pointer;
  }
  Exception wrong(const std::string& expected) const {
    return Exception{error("expected " + expected + ", found " + (text_ == nullptr ? "nothing" : std::string{text()}))};
  }

  std::shared_ptr<const std::string> text_ = {};
  std::size_t begin_ = 0, end_ = 0;
  std::string pointer_ = {};
};

}  // namespace dispytch::plugin
