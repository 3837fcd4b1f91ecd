// Somebody else's bytes where a person, a terminal or a JSON parser will read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dispytch::text {

/// What printable() leaves as it stands, besides what is visible.
enum class Layout : std::uint8_t { none, tabs, lines };  // lines: tabs and line ends

/// Returns `bytes` as UTF-8 in which every character is visible: a control character and a byte that is no UTF-8 as \x1b, another invisible
/// character as \ufeff or \u{e0041}, so that no message steers a terminal, forges a line, or looks like another. What is visible stays as
/// it is, backslashes too.
std::string printable(std::string_view bytes, Layout layout = Layout::none);

/// Appends a JSON string, quotes included, that holds `bytes`: a byte that is no UTF-8 stands in it as the text \xff. Invisible characters
/// are escaped, so that the JSON can be shown as it is.
void append_json_string(std::string_view bytes, std::string& out);

/// Returns valid JSON with the invisible characters of its strings escaped; its meaning stays the same.
std::string escape_json(std::string_view json);

/// Returns `bytes` as UTF-8: each byte that is none as the text \xff. For what goes into JSON values.
std::string valid_utf8(std::string_view bytes);

}  // namespace dispytch::text
