#include "config/interpolate.hpp"

#include <algorithm>

#include "config/text.hpp"
#include "schema/secrets.hpp"

namespace dispytch::config {
namespace {

constexpr std::string_view kForms = "the forms are ${NAME}, ${NAME:-default} and ${file:/path}, and $$ for a `$`";

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '$' && at + 1 < text.size() && text[at + 1] == '$') ++at;
    result += text[at];
  }
  return result;
}

class Interpolation {
 public:
  explicit Interpolation(const Sources& sources) : sources_{sources} {}

  Interpolated run(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t dollar = std::min(text.find('$', at), text.size());
      result_.text += text.substr(at, dollar - at);
      at = dollar;
      if (at == text.size()) break;
      if (text.substr(at).starts_with("$$")) {
        result_.text += '$';
        result_.changed = true;
        at += 2;
      } else if (text.substr(at).starts_with("${")) {
        const std::size_t end = text.find('}', at);
        if (end == std::string_view::npos) {
          problem("`${` is never closed by `}`; " + std::string{kForms});
          break;
        }
        put_in(text.substr(at + 2, end - at - 2));
        at = end + 1;
      } else {
        result_.text += '$';
        ++at;
      }
    }
    return std::move(result_);
  }

 private:
  void put_in(std::string_view inside) {
    result_.changed = true;
    if (inside.find("${") != std::string_view::npos) return problem("a default can't hold another `${`; " + std::string{kForms});
    if (inside.starts_with("file:")) return put_in_file(inside.substr(5));
    const std::size_t colon = inside.find(":-");
    const std::string name{inside.substr(0, colon)};
    if (!is_name(name)) return problem("`${" + name + "}` isn't understood; " + std::string{kForms});
    const std::optional<std::string> value = sources_.environment(name);
    if (schema::sounds_secret(name)) result_.secret = true;
    if (colon != std::string_view::npos && (!value || value->empty())) {
      result_.text += unescaped(inside.substr(colon + 2));
    } else if (!value) {
      problem("the environment variable `" + name + "` isn't set; set it, or give a default: `${" + name + ":-default}`");
    } else if (find_text_error(*value)) {
      problem("the environment variable `" + name + "` holds bytes that are no text in UTF-8");
    } else {
      result_.text += *value;
    }
  }

  void put_in_file(std::string_view path) {
    result_.secret = true;
    if (path.empty()) return problem("`${file:}` names no file; " + std::string{kForms});
    const std::string shown = "the file `" + std::string{path} + "` of `${file:...}`";
    Result<std::string> content = sources_.file(sources_.folder / std::filesystem::path{path});
    if (!content) return problem(shown + ": " + content.error().text);
    std::string_view text = without_byte_order_mark(*content);
    if (find_text_error(text)) return problem(shown + " holds bytes that are no text in UTF-8");
    text.remove_suffix(text.ends_with("\r\n") ? 2 : text.ends_with('\n') ? 1 : 0);
    result_.text += text;
  }

  void problem(std::string text) { result_.problems.push_back(std::move(text)); }

  const Sources& sources_;
  Interpolated result_ = {};
};

}  // namespace

Interpolated interpolate(std::string_view text, const Sources& sources) { return Interpolation{sources}.run(text); }

}  // namespace dispytch::config
