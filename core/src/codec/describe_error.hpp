// The words of decoding errors.
#pragma once

#include <string>
#include <string_view>

#include <dispytch/detail/type_table.hpp>

#include "codec/json_codec.hpp"

namespace dispytch::codec {

/// "an integer from -128 to 127", "an object (Aircraft)".
std::string expected_text(const detail::ValueType& type);

/// What stands at the start of `rest`, the payload's end: "the string \"five\"", cut where it is long.
std::string found_text(std::string_view rest);

/// The first byte of the payload that is no UTF-8; there must be one.
DecodeError describe_utf8_problem(std::string_view payload);

/// The first string of the payload that doesn't end, or has a control character in it; there must be one.
DecodeError describe_string_problem(std::string_view payload);

}  // namespace dispytch::codec
