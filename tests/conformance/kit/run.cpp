#include "kit/run.hpp"

#include <bit>
#include <cstdint>

#include "border/capabilities.hpp"

namespace dispytch::conformance {

Verdict try_rule(const Rule& rule, const dispytch_plugin& plugin, const Options& options) {
  if (const std::uint64_t missing = rule.needs & ~plugin.capabilities; missing != 0) {  // before a broker is asked, and before the config
    return {Verdict::Kind::not_claimed, "the plugin doesn't claim " + border::capabilities_to_string(missing)};
  }
  if (const std::uint32_t missing = unanswered(rule.asks, options); missing != 0) {
    return {Verdict::Kind::not_tried, "the kit's config doesn't say " + asks_to_string(missing)};
  }
  try {
    Scene scene{plugin, options};
    try {
      if ((rule.asks & kNetwork) != 0) scene.network();  // before anything connects
      if (rule.needs != 0 || rule.needs_one_of != 0) {
        const std::uint64_t capabilities = scene.capabilities();
        if (const std::uint64_t missing = rule.needs & ~capabilities; missing != 0) {
          return {Verdict::Kind::not_claimed, "the backend doesn't claim " + border::capabilities_to_string(missing)};
        }
        if (rule.needs_one_of != 0 && (rule.needs_one_of & capabilities) == 0) {
          return {Verdict::Kind::not_claimed, "the backend claims none of " + border::capabilities_to_string(rule.needs_one_of)};
        }
      }
      if (rule.extension != nullptr && scene.extension(rule.extension) == nullptr) {
        return {Verdict::Kind::not_claimed, std::string{"the plugin doesn't offer the extension "} + rule.extension};
      }
      rule.check(scene);
      return {};
    } catch (const NotClaimed& reason) {
      return {Verdict::Kind::not_claimed, reason.what()};
    } catch (const NotTried& missing) {
      return {Verdict::Kind::not_tried, std::string{"the kit's config doesn't say "} + missing.what()};
    } catch (const std::exception& failure) {
      std::string why = failure.what();
      if (const std::string log = scene.host.log(); !log.empty()) why += "\nthe plugin's log:\n" + log;
      return {Verdict::Kind::failed, why};
    }
  } catch (const std::exception& failure) {  // closing what the rule left
    return {Verdict::Kind::failed, failure.what()};
  }
}

}  // namespace dispytch::conformance
