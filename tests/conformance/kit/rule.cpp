#include "kit/rule.hpp"

#include <cstdint>
#include <utility>

namespace dispytch::conformance {
namespace {

constexpr std::pair<std::uint32_t, const char*> kAsks[] = {{kNetwork, "`network`"},
                                                           {kLease, "`lease`"},
                                                           {kSecondTopic, "`second_topic`"},
                                                           {kList, "`commands: list`"},
                                                           {kKill, "`survives: kill` and `commands: stop, start`"},
                                                           {kQueue, "`queue_messages`"},
                                                           {kRefusedLogin, "`refused_login`"},
                                                           {kSurvivesCut, "`survives: cut`"},
                                                           {kFreeze, "`commands: freeze, thaw`"}};

}  // namespace

std::string asks_to_string(std::uint32_t asks) {
  std::string text;
  for (const auto& [ask, name] : kAsks) {
    if ((asks & ask) != 0) text += (text.empty() ? "" : ", ") + std::string{name};
  }
  return text;
}

std::uint32_t unanswered(std::uint32_t asks, const Options& options) {
  std::uint32_t answered = 0;
  if (!options.network.empty()) answered |= kNetwork;
  if (options.lease.count() > 0) answered |= kLease;
  if (!options.second_topic.empty()) answered |= kSecondTopic;
  if (!options.commands.list.empty()) answered |= kList;
  if (options.survives == Survives::kill && !options.commands.stop.empty() && !options.commands.start.empty()) answered |= kKill;
  if (options.queue_messages > 0) answered |= kQueue;
  if (!options.refused_login.is_null()) answered |= kRefusedLogin;
  if (options.survives != Survives::nothing) answered |= kSurvivesCut;
  if (!options.commands.freeze.empty() && !options.commands.thaw.empty()) answered |= kFreeze;
  return asks & ~answered;
}

std::vector<Rule> all_rules() {
  std::vector<Rule> all;
  for (const auto& theme :
       {table_rules(),    open_rules(),   size_rules(),     produce_rules(), message_rules(), poll_rules(), settle_rules(),
        attempts_rules(), group_rules(),  position_rules(), source_rules(),  admin_rules(),   end_rules(),  connect_rules(),
        cut_rules(),      resend_rules(), silence_rules(),  away_rules(),    lease_rules(),   kill_rules()}) {
    all.insert(all.end(), theme.begin(), theme.end());
  }
  return all;
}

}  // namespace dispytch::conformance
