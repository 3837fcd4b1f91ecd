// A rule of the plugin contract, and the table of all.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <dispytch/plugin/abi.h>

#include "kit/scene.hpp"

namespace dispytch::conformance {

struct Rule {
  std::string_view name;            ///< theme.what
  std::uint64_t needs;              ///< DISPYTCH_CAN_*: without all of these it isn't claimed
  std::string_view text;            ///< what must hold, for a person
  void (*check)(Scene&);            ///< throws Failure or NotClaimed
  std::uint64_t needs_one_of = 0;   ///< and without any of these
  const char* extension = nullptr;  ///< and without this one; nullptr: it needs none
};

inline constexpr std::uint64_t kFlow = DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME;
inline constexpr std::uint64_t kAcknowledge = DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_ACK_UP_TO;

// One for each file of rules/.
std::span<const Rule> table_rules();
std::span<const Rule> open_rules();
std::span<const Rule> produce_rules();
std::span<const Rule> message_rules();
std::span<const Rule> poll_rules();
std::span<const Rule> settle_rules();
std::span<const Rule> attempts_rules();
std::span<const Rule> group_rules();
std::span<const Rule> position_rules();
std::span<const Rule> size_rules();
std::span<const Rule> admin_rules();
std::span<const Rule> end_rules();

/// All, in the order in which they are tried.
std::vector<Rule> all_rules();

}  // namespace dispytch::conformance
