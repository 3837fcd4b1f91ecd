// A string literal as a template argument: the name in TopicSegment<"user_id", int> and Named<"replica", Db>.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace dispytch {

template <std::size_t N>
struct FixedString {
  char text[N] = {};

  // Implicit, so that a literal can stand where the template argument is expected.
  consteval FixedString(const char (&literal)[N]) noexcept { std::copy_n(literal, N, text); }  // NOLINT(google-explicit-constructor)
  constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

}  // namespace dispytch
