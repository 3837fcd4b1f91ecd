// The text of a value that a path leads to: a message's key, a segment of its topic.
#pragma once

#include <string>

#include <dispytch/detail/type_table.hpp>

namespace dispytch::codec {

/// Appends a string's bytes, an integer in decimal, an enumeration's name. false: an optional on the way is empty, or the enumeration's
/// value has no name.
bool append_text(const detail::Path& path, const void* body, std::string& out);

/// The same of one value. false too where the value is none of these.
bool append_text(const detail::ValueType& type, const void* at, std::string& out);

}  // namespace dispytch::codec
