// The requests of `dispytch status` and `dispytch skip`, and their answers: JSON, one object a line.
#pragma once

#include <string>
#include <string_view>

#include "operate/watch.hpp"

namespace dispytch::operate {

/// `{"do":"status"}` or `{"do":"skip","listener":...,"topic":...,"partition":...,"offset":...}`. Always one JSON object: `{"ok":...}`, or
/// `{"error":...}` with what is wrong and what was expected. `who` asks. Any thread; blocks as Watch does.
std::string answer(Watch& watch, std::string_view application, std::string_view request, std::string_view who);

}  // namespace dispytch::operate
