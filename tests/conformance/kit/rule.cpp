#include "kit/rule.hpp"

namespace dispytch::conformance {

std::vector<Rule> all_rules() {
  std::vector<Rule> all;
  for (const auto& theme : {table_rules(), open_rules(), size_rules(), produce_rules(), message_rules(), poll_rules(), settle_rules(),
                            attempts_rules(), group_rules(), position_rules(), admin_rules(), end_rules()}) {
    all.insert(all.end(), theme.begin(), theme.end());
  }
  return all;
}

}  // namespace dispytch::conformance
