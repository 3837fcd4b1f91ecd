// The names of the capability bits, for people and for error texts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dispytch::border {

struct CapabilityName {
  std::uint64_t bit;         ///< DISPYTCH_CAN_*
  std::string_view name;     ///< one word, as `dispytch plugins` prints it
  std::string_view meaning;  ///< what the backend can do, to complete "it can't ..."
};

/// All that this version knows, in the order in which they are printed.
std::span<const CapabilityName> capability_names() noexcept;

/// "produce consume keys", in that order; a bit that this version doesn't know as "bit23".
std::string capabilities_to_string(std::uint64_t bits);

}  // namespace dispytch::border
