// A rule of the plugin contract, and the table of all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
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
  std::uint32_t asks = 0;           ///< of the kit's config, Ask bits: without these it isn't tried
  bool offline = false;             ///< it needs no broker, and so no config
  bool slow = false;                ///< it may take longer than 20 s with brokers whose time-outs are usual ones
  bool alone = false;               ///< it changes for all what other rules rely on: no other runs beside it
};

/// What a rule asks of the kit's config beyond `config` and `topic`.
enum Ask : std::uint32_t {
  kNetwork = 1,        ///< `network`
  kLease = 2,          ///< `lease`
  kSecondTopic = 4,    ///< `second_topic`
  kList = 8,           ///< `commands: list`
  kKill = 16,          ///< `commands: stop` and `start`, and `survives: kill`
  kQueue = 32,         ///< `queue_messages`
  kRefusedLogin = 64,  ///< `refused_login`
  kSurvivesCut = 128,  ///< `survives: cut` or `kill`
  kFreeze = 256        ///< `commands: freeze` and `thaw`
};
/// The keys, for people: "`network`, `lease`".
std::string asks_to_string(std::uint32_t asks);
/// Those that the options don't answer.
std::uint32_t unanswered(std::uint32_t asks, const Options& options);

// What a rule is beside its check, to be written around it in the tables of rules/.
constexpr Rule offline(Rule rule) {
  rule.offline = true;
  return rule;
}
constexpr Rule asking(std::uint32_t asks, Rule rule) {
  rule.asks = asks;
  if ((asks & (kKill | kFreeze)) != 0) rule.alone = true;
  return rule;
}
constexpr Rule slow(Rule rule) {
  rule.slow = true;
  return rule;
}
constexpr Rule alone(Rule rule) {
  rule.alone = true;
  return rule;
}

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
std::span<const Rule> source_rules();
std::span<const Rule> admin_rules();
std::span<const Rule> end_rules();
std::span<const Rule> connect_rules();
std::span<const Rule> cut_rules();
std::span<const Rule> resend_rules();
std::span<const Rule> silence_rules();
std::span<const Rule> away_rules();
std::span<const Rule> lease_rules();
std::span<const Rule> kill_rules();

/// All, in the order in which they are tried.
std::vector<Rule> all_rules();

}  // namespace dispytch::conformance
